// The preflight: right answers that could not count are told before any work, and where none could the work is refused.
import { expect, test } from 'bun:test'
import { promptForms } from '../../src/dialogue/prompt.ts'
import type { JsonObject } from '../../src/text/json.ts'
import { toRow } from '../../src/dialogue/row.ts'
import { type Flight, warningOf } from '../../src/job/preflight.ts'

const call = (name: string) => ({ name, arguments: { n: 1 } })
const known = (id: string, answer: JsonObject[], meta: JsonObject = {}) => ({
  row: toRow(
    {
      id,
      source: 'test',
      messages: [{ role: 'user', content: 'Q?' }],
      tools: [{ name: 'f', description: '', parameters: { type: 'object', properties: { n: { type: 'integer' } } } }],
      answer,
      meta,
    },
    id,
  ),
  at: `rows.jsonl:${id}`,
})
const [one, two, none] = [known('1', [call('f')]), known('2', [call('f'), call('f')]), known('3', [])]
const flight = (change: Partial<Flight> = {}): Flight => ({
  form: promptForms['tool-n1'],
  parser: 'tool-n1',
  ...change,
})
const reward = (spec: string) => ({ spec, mode: 'compat' as const })

test('right answers that are read back and earn the full reward pass in silence', () => {
  expect(warningOf([one, two, none], flight({ reward: reward('tool-n1') }))).toBeUndefined()
  expect(warningOf([one, two], flight({ reward: reward('calls:tool-n1') }))).toBeUndefined()
  expect(warningOf([none], flight({ parser: 'pythonic' }))).toBeUndefined()
})

test('some that are not are a warning that names the first row and what was read', () => {
  expect(warningOf([one, two, none], flight({ form: promptForms.native }))).toMatch(
    /^rows.jsonl:2: .*the parser tool-n1 reads \[\{"name": "f", "arguments": \{"n": 1\}\}\] in/,
  )
})

test('where no right answer would count, the work is refused with the row, the reason and what to do', () => {
  expect(() => warningOf([one, two], flight({ parser: 'pythonic' }))).toThrow(
    expect.objectContaining({
      exit: 2,
      at: 'rows.jsonl:1',
      message: expect.stringContaining('the parser pythonic reads []'),
      hint: expect.stringContaining('calls in the format tool-n1'),
    }),
  )
  expect(() => warningOf([one], flight({ form: promptForms['sft-no-reason'], reward: reward('tool-n1') }))).toThrow(
    'the reward tool-n1 gives it 0, not 1',
  )
})

test('a parser that the user named is obeyed: what it misses is told', () => {
  expect(warningOf([one, two], flight({ parser: 'pythonic', obeyed: true }))).toContain(
    'and so are 1 more of the first 2 rows',
  )
})

test('a row that brings its right answer word for word is judged by it, and rewards that read no calls judge none', () => {
  const spelt = known('4', [call('f')], { completion: '[f(n=1)]' })
  expect(warningOf([spelt], flight({ parser: 'pythonic' }))).toBeUndefined()
  expect(warningOf([one], flight({ reward: reward('exact') }))).toBeUndefined()
  expect(warningOf([one], flight({ reward: reward('./mine.ts') }))).toBeUndefined()
})
