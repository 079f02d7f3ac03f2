// ACEBench's category scores and what its judge asks for.
import { expect, test } from 'bun:test'
import { accuracy } from '../../../src/eval/acebench/bench.ts'
import { checkers, judge, type AceRow } from '../../../src/eval/acebench/judge.ts'
import type { Judged } from '../../../src/eval/benchmark.ts'
import { parseJson } from '../../../src/text/json.ts'
import { fromJson } from '../../../src/text/python/json.ts'
import type { Py } from '../../../src/text/python/value.ts'

const judged = (id: string, score: number): Judged => ({
  id: `en ${id}`,
  category: '',
  score,
  judgement: { error_type: null, fault: null },
  response: null,
})

test('a dialogue is right where all its turns are; other rows count one by one', () => {
  const turn = (dialogue: number, turn: number, score: number) =>
    judged(`normal_multi_turn_user_adjust_${dialogue}_${turn}`, score)
  expect(accuracy([turn(0, 0, 1), turn(0, 1, 1), turn(1, 0, 1), turn(1, 1, 0), turn(2, 0, 0)])).toBeCloseTo(1 / 3, 12)
  expect(accuracy([judged('normal_atom_bool_0', 1), judged('normal_atom_bool_1', 0)])).toBe(0.5)
})

const functions: Py[] = [
  fromJson(
    parseJson(
      '{"name": "book", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "nights": {"type": "integer"}, "quiet": {"type": "boolean"}}, "required": ["city"]}}',
    ),
  ),
]
const row = (category: string, answer: string): AceRow => ({
  id: 'x',
  category,
  functions,
  answer: fromJson(parseJson(answer)),
})
const verdict = (asked: AceRow, response: string, version = 'v2510') => judge(asked, response, checkers[version]!)

test('numbers and booleans are not compared, texts may hold more than expected, calls are not used up', () => {
  const asked = row('normal_atom_bool', '{"book": {"city": "Oslo", "nights": 2, "quiet": true}}')
  expect(verdict(asked, "[book(city='In Oslo, Norway', nights=7, quiet=False)]").verdict).toBe(true)
  expect(verdict(asked, "[book(city='Oslo', nights='2')]").error_type).toBe('type_error')
  expect(verdict(asked, '[book(nights=2)]').error_type).toBe('lack_args')
  const twice = row('normal_single_turn_parallel_function', '{"book_1": {"city": "Oslo"}, "book_2": {"city": "Os"}}')
  expect(verdict(twice, "[book(city='Oslo'), book(city='Rome')]").verdict).toBe(true)
})

test('the newer version reads the first pair of brackets, the older all text without white space', () => {
  const asked = row('normal_atom_bool', '{"book": {"city": "Oslo"}}')
  expect(verdict(asked, "I do: [book(city='Oslo')] now").verdict).toBe(true)
  expect(verdict(asked, "I do: [book(city='Oslo')] now", 'v2508').error_type).toBe('wrong_output_format')
})

test('special categories look for their sentence and for every name or value at fault', () => {
  const incomplete = row('special_incomplete', '{"book": ["city", "nights"]}')
  expect(verdict(incomplete, 'Missing necessary parameters (city, nights) for the api (book)').verdict).toBe(true)
  expect(verdict(incomplete, 'Missing necessary parameters (city) for the api (book)').error_type).toBe(
    'error_correction',
  )
  expect(verdict(incomplete, 'Which city?').error_type).toBe('error_detection')
  const irrelevant = row('special_irrelevant', '"no tool"')
  expect(verdict(irrelevant, 'Due to the limitations of the function, I cannot.').verdict).toBe(true)
})
