// Evaluation of a local model: the trained MiniCall model on rows it has never seen.
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { datasets } from '../../../fixtures/minicall/make.ts'
import { openLanguage } from '../../../src/job/open.ts'
import { heldOutProtocol } from '../../../src/job/protocol.ts'
import { runHere } from '../../here.ts'
import { scratch } from '../../scratch.ts'

const model = join(import.meta.dir, '../../../fixtures/minicall/model')
const rows = datasets(0).files['test-seen.jsonl'](8)

test('answers do not depend on what is asked beside them, and judging them from the file gives the same verdicts', async () => {
  const folder = scratch()
  const [data, saved] = [join(folder, 'rows.jsonl'), join(folder, 'saved.jsonl')]
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  // Its chat template spells no calls, so the format in which it was trained is named.
  const common = [
    'eval',
    '--bench',
    'rows',
    '--data',
    data,
    '--format',
    'ndjson',
    '--device',
    'cpu',
    '--parser',
    'tool-n1',
  ]
  const ask = [...common, '--model', model, '--prompt', 'native', '--max-new-tokens', '64']
  const all = await runHere([...ask, '--save', saved])
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('exact match') })
  const judged = parse(all.stdout)
  expect(judged.map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
  // The warm start reads and writes the format; how often it is right is the business of training.
  expect(judged.filter(({ fault }) => fault === null).length).toBeGreaterThan(2)
  expect(parse((await runHere([...ask, '--limit', '3'])).stdout)).toEqual(judged.slice(0, 3))
  const again = parse((await runHere([...common, '--responses', saved])).stdout)
  expect(again.map(({ verdict }) => verdict)).toEqual(judged.map(({ verdict }) => verdict))
  expect(readFileSync(saved, 'utf8').trim().split('\n').length).toBe(rows.length)
}, 300_000)

test('answers that are held to their tools have no fault, and their protocol says so', async () => {
  const data = join(scratch(), 'rows.jsonl')
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const words = ['--bench', 'rows', '--data', data, '--parser', 'tool-n1', '--constrain', 'reply', '--device', 'cpu']
  const { code, stdout, stderr } = await runHere([
    'eval',
    ...words,
    '--model',
    model,
    '--prompt',
    'native',
    '--max-new-tokens',
    '96',
    '--format',
    'ndjson',
  ])
  expect(code).toBe(0)
  expect(stderr).toContain('held to its reply')
  expect(parse(stdout).map(({ fault }) => fault)).toEqual(rows.map(() => null))
  const refused = await runHere(['eval', ...words, '--responses', data])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--constrain needs --model') })
}, 300_000)

test('a run that evaluates on a schedule and hone eval name one protocol for the same prompt, parser and length', async () => {
  const folder = scratch()
  const data = join(folder, 'rows.jsonl')
  writeFileSync(data, `${JSON.stringify(rows[0])}\n`)
  const ask = [
    'eval',
    '--bench',
    'rows',
    '--data',
    data,
    '--model',
    model,
    '--prompt',
    'native',
    '--parser',
    'tool-n1',
    '--device',
    'cpu',
    '--format',
    'json',
  ]
  const protocol = async (length: string): Promise<string> =>
    JSON.parse((await runHere([...ask, '--max-new-tokens', length])).stdout).protocol
  const recipe = { evalReward: 'tool-n1', maxCompletionLength: 8 }
  const eight = await protocol('8')
  expect(eight).toBe(heldOutProtocol(recipe, await openLanguage({ model, prompt: 'native' })))
  expect(await protocol('9')).not.toBe(eight)
  expect(heldOutProtocol(recipe, await openLanguage({ model, prompt: 'tool-n1' }))).not.toBe(eight)
}, 300_000)

test('sampled answers differ between samples and are the same for the same seed', async () => {
  const folder = scratch()
  const data = join(folder, 'rows.jsonl')
  writeFileSync(
    data,
    rows
      .slice(0, 2)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  )
  const ask = [
    'eval',
    '--bench',
    'rows',
    '--data',
    data,
    '--model',
    model,
    '--prompt',
    'native',
    '--parser',
    'tool-n1',
    '--max-new-tokens',
    '16',
    '--device',
    'cpu',
    '--format',
    'ndjson',
  ]
  const sampled = (seed: string) => runHere([...ask, '--samples', '4', '--temperature', '1.5', '--seed', seed])
  const first = await sampled('1')
  expect(parse(first.stdout).map(({ sample }) => sample)).toEqual([0, 1, 2, 3, 0, 1, 2, 3])
  expect(new Set(parse(first.stdout).map(({ response }) => response)).size).toBeGreaterThan(2)
  expect(first.stderr).toContain('pass@4')
  expect((await sampled('1')).stdout).toBe(first.stdout)
  expect((await sampled('2')).stdout).not.toBe(first.stdout)
}, 300_000)

test('answers are as long as there is room for, and a row without room is named and not asked', async () => {
  const folder = scratch()
  const data = join(folder, 'rows.jsonl')
  const [first, second] = rows
  const long = {
    ...second!,
    id: 'long',
    answer: [],
    messages: [{ role: 'user', content: 'copy my note '.repeat(300) }],
  }
  writeFileSync(data, [first, long].map((row) => `${JSON.stringify(row)}\n`).join(''))
  const ask = ['eval', '--bench', 'rows', '--data', data, '--model', model, '--prompt', 'native', '--device', 'cpu']
  const { code, stdout, stderr } = await runHere([...ask, '--format', 'ndjson'])
  expect(code).toBe(0)
  const [asked, silent] = parse(stdout)
  expect(asked!['response']).not.toBe('')
  // Nothing is the right answer to this row, but it was not given.
  expect(silent).toMatchObject({ id: 'long', verdict: false, error_type: 'not_asked' })
  expect(silent!['fault']).toContain('Context too long')
  expect(stderr).toMatch(/^warning: 1 of 2 prompts are too long .*: long$/m)
  expect(stderr).toContain('1 of 2 rows were not asked and count as wrong')
  // Capped at what fits, an answer that ends of itself is the one that more room would give.
  const capped = parse((await runHere([...ask, '--format', 'ndjson', '--max-new-tokens', '4000'])).stdout)
  expect(capped).toEqual([asked!, silent!])
}, 300_000)

function parse(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
