// hone watch as a user runs it: as one file, as text, of what is no run; and how it reads the completions of a run.
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lensOf } from '../../src/job/watch/lens.ts'
import { createRun } from '../../src/rundir/run.ts'
import { runHere } from '../here.ts'
import { forms } from '../hone.ts'
import { scratch } from '../scratch.ts'

const call = (arguments_: object) =>
  `<think>a</think><tool_call>[${JSON.stringify({ name: 'f', arguments: arguments_ })}]</tool_call>`
const line = {
  id: 'a',
  sample: 0,
  messages: [{ role: 'user', content: 'Do it.' }],
  tools: [],
  reward: 0,
  advantage: 0,
  output: call({ x: 2 }),
  score: 0,
  parts: { format: 1 },
  reasons: ['right names, wrong arguments'],
  fault: null,
  stop: 'completed',
  gts: [{ name: 'f', arguments: { x: 1 } }],
}

function makeRun(settings: Record<string, unknown>): string {
  const place = scratch()
  const run = createRun(join(place, 'mine'), { command: 'train', version: '0', settings, origins: {} })
  run.emit({ type: 'step', time: 0, step: 1, steps: 1, figures: { reward: 0.25 } })
  mkdirSync(run.paths.rollouts)
  writeFileSync(join(run.paths.rollouts, 'step-000000001.jsonl'), `${JSON.stringify(line)}\n`)
  run.close()
  return place
}

test('calls are found by the format of the reward and set beside the expected ones, though the model is gone', async () => {
  const lens = await lensOf(join(makeRun({ model: 'gone', reward: 'tool-n1', env: null, tools: [] }), 'mine'))
  expect(lens.spell).toBeUndefined()
  expect(lens.differences!(line.output, line.gts)).toEqual([
    {
      expected: 'f({"x": 1})',
      given: 'f({"x": 2})',
      defects: ['argument x: expected 1, got 2 (another value)'],
    },
  ])
  expect(lens.differences!(call({ x: 1 }), [...line.gts, { name: 'g', arguments: {} }])).toEqual([
    { expected: 'f({"x": 1})', given: 'f({"x": 1})', defects: [] },
    { expected: 'g({})', defects: [] },
  ])
  expect(lens.differences!(line.output, [])).toEqual([{ given: 'f({"x": 2})', defects: [] }])
  // Where an environment answers, rows without expected calls are judged by how they end.
  const played = await lensOf(join(makeRun({ model: 'gone', reward: 'tool-n1', env: './env.ts' }), 'mine'))
  expect(played.differences!(line.output, [])).toEqual([])
  // What judges no calls leaves nothing to set beside each other, and so does a reward that is gone.
  for (const reward of ['soft-overlong', './gone.ts'])
    expect((await lensOf(join(makeRun({ model: 'gone', reward }), 'mine'))).differences).toBeUndefined()
})

test('off a terminal it is drawn once, as a file it holds all, and a folder without a run ends it with 2', async () => {
  const cwd = makeRun({ model: 'gone', reward: 'tool-n1' })
  const text = await runHere(['watch', 'mine', '--text'], { cwd })
  expect(text).toMatchObject({ code: 0 })
  expect(text.stdout).toStartWith('stopped  step 1/1\n\nIs it learning?\nReward  0.250\n')
  const file = await runHere(['watch', 'mine', '--html', 'mine.html'], { cwd })
  expect(file).toMatchObject({ code: 0, stdout: '' })
  expect(file.stderr).toContain('mine.html')
  expect(readFileSync(join(cwd, 'mine.html'), 'utf8')).toContain('data-name="cards/0/rollouts/1"')
  const wrong = await runHere(['watch', 'mine', 'nothing', '--html', 'other.html'], { cwd })
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toContain('Cannot find a run in "nothing"')
  expect(existsSync(join(cwd, 'other.html'))).toBe(false)
  expect((await runHere(['watch'], { cwd })).code).toBe(2)
})

test('a terminal follows a run until it ends, then shows all of it', async () => {
  const directory = join(scratch(), 'mine')
  const run = createRun(directory, { command: 'train', version: '0', settings: {}, origins: {} })
  const step = (number: number) =>
    ({ type: 'step', time: 0, step: number, steps: 40, figures: { reward: 0.25 } }) as const
  run.emit(step(1))
  const [, source] = forms[0]!
  let screen = ''
  const child = Bun.spawn([...source, 'watch', directory, '--text'], {
    terminal: { cols: 80, rows: 24, data: (_, bytes) => void (screen += new TextDecoder().decode(bytes)) },
  })
  const until = async (text: string) => {
    while (!screen.includes(text) && child.exitCode === null) await Bun.sleep(20)
    expect(screen).toContain(text)
  }
  await until('running  step 1/40')
  run.emit(step(2))
  await until('running  step 2/40')
  run.emit({ type: 'end', time: 0, step: 2, reason: 'interrupted' })
  run.close()
  expect(await child.exited).toBe(0)
  child.terminal?.close()
  expect(screen.split('\x1b[J').at(-1)).toStartWith('interrupted  step 2/40')
}, 60_000)
