// Runs as they are watched: whole in one file, live over a local server, and drawn in a terminal.
import { expect, test } from 'bun:test'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { RunEvent } from '../../src/rundir/event.ts'
import { createRun, resumeRun } from '../../src/rundir/run.ts'
import { writeStudyRecord } from '../../src/rundir/study.ts'
import { follower, progressOf } from '../../src/rundir/watch/follow.ts'
import { pageOf, viewOf } from '../../src/rundir/watch/page.ts'
import { plot } from '../../src/rundir/watch/plot.ts'
import { servePage } from '../../src/rundir/watch/serve.ts'
import { textOf } from '../../src/rundir/watch/text.ts'
import { watchedAt } from '../../src/rundir/watch/watched.ts'
import { sendRaw } from '../hone.ts'
import { scratch } from '../scratch.ts'

const step = (number: number, figures: Record<string, number> = {}): RunEvent => ({
  type: 'step',
  time: 1000 * number,
  step: number,
  steps: 9,
  figures: { reward: number / 10, ...figures },
})

function makeRun(directory = join(scratch(), 'mine')) {
  const run = createRun(directory, {
    command: 'train',
    version: '0',
    settings: { model: '</script>' },
    origins: { model: 'default' },
  })
  run.emit(step(1))
  return { directory, run }
}

test('an alarm stands above everything else, with what to try and where to go back to', () => {
  const { directory, run } = makeRun()
  const alarm = { name: 'collapse', text: 'the entropy has collapsed', hint: 'raise --temperature' }
  run.emit({ type: 'alarm', time: 0, step: 1, ...alarm, checkpoint: 'mine/checkpoints/step-000000001' })
  run.close()
  expect(textOf(watchedAt([directory]), 200)[1]).toBe(
    '! alarm at step 1: the entropy has collapsed; to try: raise --temperature; last good checkpoint: mine/checkpoints/step-000000001',
  )
})

test('as text a run fits any width, whatever its figures and names', () => {
  const { directory, run } = makeRun()
  const figures = {
    reward: 0.123456,
    loss: -1.5e-7,
    kl: 123456.789,
    frac_reward_zero_std: 1,
    'completions/mean_length': 4096,
    'rewards/a_part_with_quite_a_long_name/mean': -1e300,
    tokens_per_second: 123456,
    step_time: 12,
    'time/rollout': 7,
    'time/update': 5,
  }
  for (const number of [2, 3, 4]) run.emit(step(number, figures))
  run.emit({
    type: 'eval',
    time: 0,
    step: 4,
    figures: { exact_match: 0.5, 'exact_match/low': 0.4, 'exact_match/high': 0.6 },
  })
  run.close()
  const watched = watchedAt([directory])
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), (width) => {
      const lines = textOf(watched, width)
      expect(lines.filter((line) => line.length > width)).toEqual([])
      for (const question of ['Is it learning?', 'Is it healthy?', 'Where does the time go?'])
        expect(lines.join(' ').replace(/\s+/g, ' ')).toContain(question)
    }),
  )
})

test('a name that would steer the terminal is shown as what it is', () => {
  const { directory, run } = makeRun(join(scratch(), 'mine\x1b[2Jyours'))
  run.close()
  const two = watchedAt([directory, makeRun().directory])
  expect(textOf(two).join('\n')).not.toContain('\x1b')
  expect(textOf(two)[0]).toContain('yours  stopped')
})

test('as text a run says where it stands, and of what lies outside its band what to do', () => {
  const { directory, run } = makeRun()
  run.emit({ type: 'start', time: 0, step: 0, steps: 9, trainable: 1, device: 'cpu' })
  for (const number of [2, 3])
    run.emit(step(number, { kl: 5, entropy: 0.3, step_time: 4, 'time/rollout': 3, 'time/update': 1 }))
  const lines = textOf(watchedAt([directory]), 200)
  expect(lines[0]).toBe('running  step 3/9  eta 6s')
  expect(lines).toContain('! KL from the start  5.00   at most 0.500')
  expect(lines.join('\n')).toContain('lower --learning-rate')
  expect(lines).toContain('✓ Entropy            0.300  0.060 to 0.600')
  expect(lines.find((line) => line.startsWith('Sampling'))).toStartWith('Sampling  75 %')
  run.close()
  expect(textOf(watchedAt([directory]))[0]).toStartWith('stopped')
})

test('the page holds the run and everything it needs, and no text of the run can end its script', () => {
  const { directory, run } = makeRun()
  run.close()
  const page = pageOf(viewOf(watchedAt([directory]), false))
  expect(page).not.toMatch(/<(script|link|img)[^>]*(src|href)="(?!data:,)|@import|url\(/)
  const data = /<script type="application\/json" id="view">(.*?)<\/script>/s.exec(page)![1]!
  expect(JSON.parse(data)).toMatchObject({
    name: 'mine',
    runs: [{ name: 'mine', state: 'stopped', events: [step(1)], record: { settings: { model: '</script>' } } }],
  })
  expect(page.match(/<\/script>/g)!.length).toBe(2)
})

test('the server follows the events, and answers this machine alone', async () => {
  const { directory, run } = makeRun()
  const lensOf = async () => ({})
  const server = servePage({ watched: () => watchedAt([directory]), port: 0, lensOf })
  try {
    const readerOf = async (path: string) => {
      const answer = await fetch(`${server.url.href}${path}`)
      const reader = answer.body!.getReader()
      return { reader, read: async () => new TextDecoder().decode((await reader.read()).value) }
    }
    const [events, changes] = [await readerOf('events'), await readerOf('changes')]
    expect(await events.read()).toBe(`id: 0\ndata: ${JSON.stringify(step(1))}\n\n`)
    const kept = { rollouts: [], evals: [] }
    const changed = (from: number, number: number, state: string) =>
      `data: ${JSON.stringify({ run: 0, from, events: [step(number)], state, kept })}\n\n`
    expect(await changes.read()).toBe(changed(0, 1, 'running'))
    run.emit(step(2))
    expect(await events.read()).toContain(JSON.stringify(step(2)))
    expect(await changes.read()).toBe(changed(1, 2, 'running'))
    await Promise.all([events.reader.cancel(), changes.reader.cancel()])
    expect(await (await fetch(server.url)).text()).toStartWith('<!doctype html>')
    expect(await (await fetch(`${server.url.href}rollouts/1`)).json()).toEqual([])
    for (const path of [
      'run.json',
      'groups/1/rollouts/1',
      'groups/0/..%2f/1',
      'cards/0/rollouts/1',
      'tokens/0/evals/x/1',
    ])
      expect((await fetch(`${server.url.href}${path}`)).status).toBe(404)
    expect((await fetch(server.url, { headers: { host: 'example.com' } })).status).toBe(403)
    const malformed = await sendRaw(server.port!, 'GET / HTTP/1.1\r\nHost: [::::\r\nConnection: close\r\n\r\n')
    expect(malformed).toStartWith('HTTP/1.1 4')
    expect(malformed).not.toContain(process.cwd())
  } finally {
    await server.stop(true)
    run.close()
  }
})

test('a run that is resumed takes back events: what follows is told from the first that is another', () => {
  const { directory, run } = makeRun()
  for (const number of [2, 3]) run.emit(step(number))
  run.close()
  const look = follower(directory)
  expect(look()).toEqual({ from: 0, events: [step(1), step(2), step(3)] })
  expect(look()).toBeUndefined()
  const again = resumeRun(directory, 2)
  again.emit(step(3, { reward: 1 }))
  expect(look()).toEqual({ from: 2, events: [step(3, { reward: 1 })] })
  appendFileSync(again.paths.events, '{"type":"step","time":0,"st')
  expect(look()).toBeUndefined()
  expect(progressOf(directory, []).state).toBe('running')
  again.emit({ type: 'end', time: 0, step: 3, reason: 'done' })
  again.close()
  expect(progressOf(directory, []).state).toBe('empty')
})

test('several runs are named by what tells them apart, a study by its arms, and nothing else is taken', () => {
  const place = scratch()
  for (const name of ['a/run', 'b/run']) makeRun(join(place, name)).run.close()
  const at = (...names: string[]) => watchedAt(names.map((name) => join(place, name)))
  expect(at('a/run', 'b/run').runs.map(({ name }) => name)).toEqual(['a/run', 'b/run'])
  expect(() => at('a/run', 'nothing')).toThrow('Cannot find a run')
  for (const name of ['sft-1', 'train-2']) makeRun(join(place, 'study', 'runs', name)).run.close()
  mkdirSync(join(place, 'study', 'scores'))
  expect(at('study').runs.map(({ name }) => name)).toEqual(['sft-1', 'train-2'])
  const score = { value: 50, low: 40, high: 60 }
  writeStudyRecord(join(place, 'study'), {
    arms: [
      { name: 'start', seeds: [{ seed: 0, runs: [], score }] },
      { name: 'sft', seeds: [{ seed: 0, runs: ['sft-1'] }] },
      { name: 'both', seeds: [{ seed: 0, runs: ['sft-1', 'train-2'] }] },
    ],
    bars: [{ bar: 'both >= 40', value: 50, met: true }],
  })
  const study = at('study')
  expect(study.runs.map(({ name }) => name)).toEqual(['sft, both · seed 0 · sft', 'both · seed 0 · train'])
  expect(study.study!.arms.map(({ seeds }) => seeds[0]!.runs)).toEqual([[], [0], [0, 1]])
  const lines = textOf(study, 60)
  expect(lines[0]).toBe('start  50.0 %        50.0 [40.0, 60.0]')
  expect(lines).toContain('met  both >= 40  (50.0)')
  expect(() => at('study', 'a/run')).toThrow('Cannot show the study')
  writeFileSync(
    join(place, 'study', 'study.json'),
    readFileSync(join(place, 'study', 'study.json'), 'utf8').slice(0, 40),
  )
  expect(at('study').study).toBeUndefined()
})

test('a plot rises from the lower left to the upper right, labelled with its extremes', () => {
  const lines = plot([0, 1, 2, 3], { width: 4, height: 2 })
  expect(lines.map((line) => line.slice(0, 2))).toEqual(['3 ', '0 '])
  expect(lines[0]!.at(-1)).not.toBe('⠀')
  expect(lines[0]!.at(2)).toBe('⠀')
  expect(lines[1]!.at(2)).not.toBe('⠀')
  expect(plot([NaN])).toEqual([])
  expect(plot([5]).length).toBe(6)
})
