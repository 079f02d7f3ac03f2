// The page of a run: whole in one file, live over a local server, and drawn in a terminal.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { RunEvent } from '../../src/rundir/event.ts'
import { createRun } from '../../src/rundir/run.ts'
import { pageOf } from '../../src/rundir/watch/page.ts'
import { plot } from '../../src/rundir/watch/plot.ts'
import { servePage } from '../../src/rundir/watch/serve.ts'
import { textOf } from '../../src/rundir/watch/text.ts'
import { sendRaw } from '../hone.ts'
import { scratch } from '../scratch.ts'

const step = (number: number): RunEvent => ({
  type: 'step',
  time: 0,
  step: number,
  steps: 9,
  figures: { reward: number / 10 },
})

function makeRun() {
  const directory = join(scratch(), 'run')
  const run = createRun(directory, {
    command: 'train',
    version: '0',
    settings: { model: '</script>' },
    origins: { model: 'default' },
  })
  run.emit(step(1))
  return { directory, run }
}

test('as text a run fits the terminal, whatever its figures', () => {
  const { directory, run } = makeRun()
  const figures = {
    reward: 0.123456,
    loss: -1.5e-7,
    kl: 123456.789,
    'completions/mean_length': 4096,
    tokens_per_second: 123456,
  }
  for (const number of [2, 3, 4]) run.emit({ ...step(number), figures } as RunEvent)
  run.close()
  for (const width of [40, 60, 120])
    for (const line of textOf(directory, width)) expect(line.length).toBeLessThanOrEqual(width)
})

test('the page holds the run and everything it needs, and no text of the run can end its script', () => {
  const { directory, run } = makeRun()
  run.close()
  const page = pageOf(directory, { live: false })
  expect(page).not.toMatch(/(src|href)=|@import|url\(/)
  for (const [, script] of page.matchAll(/<script>(.*?)<\/script>/gs)) new Bun.Transpiler().transformSync(script!)
  expect(page).toContain('uPlot')
  const data = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(page)![1]!
  expect(JSON.parse(data)).toMatchObject({
    name: 'run',
    events: [step(1)],
    record: { settings: { model: '</script>' } },
  })
})

test('the server follows the events, and answers this machine alone', async () => {
  const { directory, run } = makeRun()
  const server = servePage(directory, 0)
  try {
    const answer = await fetch(`${server.url.href}events`)
    const reader = answer.body!.getReader()
    const read = async () => new TextDecoder().decode((await reader.read()).value)
    expect(await read()).toBe(`id: 0\ndata: ${JSON.stringify(step(1))}\n\n`)
    run.emit(step(2))
    expect(await read()).toContain(JSON.stringify(step(2)))
    await reader.cancel()
    expect(await (await fetch(server.url)).text()).toStartWith('<!doctype html>')
    expect(await (await fetch(`${server.url.href}rollouts/1`)).json()).toEqual([])
    expect((await fetch(server.url, { headers: { host: 'example.com' } })).status).toBe(403)
    const malformed = await sendRaw(server.port!, 'GET / HTTP/1.1\r\nHost: [::::\r\nConnection: close\r\n\r\n')
    expect(malformed).toStartWith('HTTP/1.1 4')
    expect(malformed).not.toContain(process.cwd())
    expect((await fetch(`${server.url.href}run.json`)).status).toBe(404)
  } finally {
    await server.stop(true)
    run.close()
  }
})

test('a terminal gets the last step and a chart per figure', () => {
  const { directory, run } = makeRun()
  run.emit(step(2))
  run.close()
  const lines = textOf(directory)
  expect(lines[0]).toBe('step 2/9  reward 0.200')
  expect(lines.slice(1, 3)).toEqual(['', 'reward'])
  expect(lines.length).toBe(3 + 6)
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
