// infer and eval with an environment, as a user runs them: transcripts as hone rows, and what the environment gave as the verdict.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tool } from '../../src/dialogue/row.ts'
import { runHere } from '../here.ts'
import { forms, run } from '../hone.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-episodes-'))
const hone = (...words: string[]) => runHere(words, { cwd: place })
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const common = ['--prompt', 'native', '--max-new-tokens', '40', '--device', 'cpu']

beforeAll(() => {
  writeTinyModel(join(place, 'model'))
  writeFileSync(join(place, 'rows.jsonl'), toLines(taskRows(2)))
  writeFileSync(
    join(place, 'env.ts'),
    `export default { reset: (row) => { let turns = 0; return { step: () => ({
      messages: [{ role: 'user', content: 'Go on.' }], done: ++turns === 3, reward: row.id.length > 0 ? 0.5 : 0,
    }) } } }`,
  )
})
afterAll(() => rmSync(place, { recursive: true }))

test('infer writes the transcript as a hone row, with tokens and what was given set apart', async () => {
  const words = [
    'infer',
    'model',
    '--input',
    'rows.jsonl',
    '--env',
    './env.ts',
    '--temperature',
    '1',
    '--stop',
    'a',
    '--stop',
    'e',
    ...common,
  ]
  const ended = await hone(...words)
  expect(ended.code).toBe(0)
  const rows = lines(ended.stdout)
  expect(rows.length).toBe(2)
  for (const { messages, turns, trained, output_ids, stop, reward, answer } of rows) {
    const said = messages.slice(-turns.length).map(({ role }: { role: string }) => role)
    expect(said).toEqual(turns.map(({ role }: { role: string }) => role))
    expect(trained.length).toBe(output_ids.length)
    expect(Array.isArray(answer)).toBe(true)
    expect(['completed', 'max_tokens']).toContain(stop)
    expect(reward ?? 0).toBeGreaterThanOrEqual(0)
  }
  expect(rows.some(({ turns }) => turns.length > 1)).toBe(true)
  // What is sampled together may differ from run to run, and with it the last bits of log-probs, never the ids.
  const ids = (text: string) => lines(text).map(({ output_ids }) => output_ids)
  expect(ids((await hone(...words)).stdout)).toEqual(ids(ended.stdout))
})

test('eval takes what the environment gave for the verdict', async () => {
  const ended = await hone(
    'eval',
    '--bench',
    'rows',
    '--data',
    'rows.jsonl',
    '--model',
    'model',
    '--parser',
    'tool-n1',
    '--env',
    './env.ts',
    '--temperature',
    '1',
    ...common,
    '--format',
    'ndjson',
  )
  expect(ended).toMatchObject({ code: 0 })
  const rows = lines(ended.stdout)
  expect(rows.length).toBe(2)
  expect(
    await hone('eval', '--bench', 'bfcl', '--data', 'rows.jsonl', '--model', 'model', '--env', 'calculator'),
  ).toMatchObject({ code: 2, stderr: expect.stringContaining('--bench rows') })
})

test('tools of a file are played too, and one that nobody answers is refused', async () => {
  writeFileSync(
    join(place, 'tools.json'),
    JSON.stringify([{ name: 'now', description: '', parameters: { type: 'object', properties: {} }, command: 'date' }]),
  )
  writeFileSync(
    join(place, 'mute.json'),
    JSON.stringify([{ name: 'now', description: '', parameters: { type: 'object', properties: {} } }]),
  )
  const words = ['infer', 'model', '--input', 'rows.jsonl', ...common]
  expect((await hone(...words, '--tools', 'tools.json')).code).toBe(0)
  expect(await hone(...words, '--tools', 'mute.json')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no command and no url'),
  })
})

test('a row that cannot be read ends the program beside a server of MCP that still runs', () => {
  const server = { command: process.execPath, args: [join(import.meta.dir, '../env/mcp-server.ts')] }
  writeFileSync(join(place, 'mcp.json'), JSON.stringify({ mcpServers: { sums: server } }))
  writeFileSync(join(place, 'broken.jsonl'), '{"id": "a"}\n')
  const [, source] = forms[0]!
  const words = ['infer', 'model', '--input', 'broken.jsonl', '--mcp', 'mcp.json', ...common]
  expect(run(source, words, { cwd: place })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('broken.jsonl:1'),
  })
}, 60_000)

test('faults of episodes are told at the end, and a row that an environment cannot take at its line', async () => {
  writeFileSync(
    join(place, 'failing.ts'),
    `export default { reset: () => ({ step: () => { throw new Error('no such ticket') } }) }`,
  )
  const words = ['infer', 'model', '--input', 'rows.jsonl', '--max-new-tokens', '40', '--stop', 'a', '--stop', 'e']
  const ended = await hone(...words, '--env', './failing.ts')
  expect(ended.code).toBe(0)
  expect(ended.stderr).toContain('2 episodes had a fault: no such ticket')
  expect(await hone(...words, '--env', 'maze')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('rows.jsonl:1: Cannot open the maze'),
  })
})

test('an environment that is no program text is told with the line of its mistake', async () => {
  writeFileSync(join(place, 'broken.ts'), 'export default {\n  reset( {\n')
  const { stderr } = await hone('serve-env', 'broken.ts')
  expect(stderr).toMatch(/broken\.ts:\d+:\d+: Cannot load the environment: /)
})

test('an episode that was cut short before anybody judged it is not right for having called nothing', async () => {
  writeFileSync(
    join(place, 'quiet.jsonl'),
    toLines(taskRows(2).map((row) => ({ ...row, answer: [], ground_truth: '' }))),
  )
  writeFileSync(
    join(place, 'on.ts'),
    `export default { reset: () => ({ step: () => ({ messages: [{ role: 'user', content: 'Go on.' }], done: false }) }) }`,
  )
  const words = ['eval', '--bench', 'rows', '--data', 'quiet.jsonl', '--model', 'model', '--parser', 'hermes']
  const ended = await hone(...words, '--env', './on.ts', '--max-turns', '2', ...common, '--format', 'ndjson')
  expect(lines(ended.stdout).map(({ verdict, error_type }) => [verdict, error_type])).toEqual([
    [false, 'unfinished'],
    [false, 'unfinished'],
  ])
  expect(ended.stderr).toContain('2 of 2 rows were not played to their end')
})

test('a tool of the row that the environment answers is offered once', async () => {
  const [row] = taskRows(1)
  const { name, description, parameters } = row!.tools[0] as Tool
  writeFileSync(join(place, 'known.jsonl'), toLines([row!, { ...row!, tools: row!.tools.slice(1) }]))
  writeFileSync(join(place, 'known.json'), JSON.stringify([{ name, description, parameters, command: 'true' }]))
  const words = ['infer', 'model', '--input', 'known.jsonl', '--tools', 'known.json', ...common]
  const [first, second] = lines((await hone(...words)).stdout)
  expect(first.prompt_ids).toEqual(second.prompt_ids)
})
