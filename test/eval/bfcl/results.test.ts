// Result files in the layout that the package bfcl-eval reads.
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBfclResults } from '../../../src/eval/bfcl/results.ts'
import { scratch } from '../../scratch.ts'

test('a file per category below the model whose handler decodes the mode', () => {
  const folder = scratch()
  const written = writeBfclResults(folder, [
    { id: 'simple_python_0', category: 'simple_python', mode: 'text', response: '[f(a="é")]' },
    { id: 'live_simple_0-0-0', category: 'live_simple', mode: 'text', response: '' },
    { id: 'simple_python_1', category: 'simple_python', mode: 'text', response: 'no' },
    { id: 'multiple_0', category: 'multiple', mode: 'tool-calls', response: [{ f: { a: 1 } }] },
    { id: 'multiple_1', category: 'multiple', mode: 'toolrl', response: 'no handler of bfcl-eval reads this' },
  ])
  expect(written).toEqual([
    { mode: 'text', model: 'google/gemma-3-1b-it', categories: ['simple_python', 'live_simple'] },
    { mode: 'tool-calls', model: 'gpt-5-nano-2025-08-07-FC', categories: ['multiple'] },
  ])
  const lines = (...path: string[]) =>
    readFileSync(join(folder, ...path), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(lines('google_gemma-3-1b-it', 'non_live', 'BFCL_v4_simple_python_result.json')).toMatchObject([
    { id: 'simple_python_0', result: '[f(a="é")]' },
    { id: 'simple_python_1', result: 'no' },
  ])
  expect(lines('google_gemma-3-1b-it', 'live', 'BFCL_v4_live_simple_result.json')).toMatchObject([
    { id: 'live_simple_0-0-0', result: '' },
  ])
  expect(lines('gpt-5-nano-2025-08-07-FC', 'non_live', 'BFCL_v4_multiple_result.json')).toMatchObject([
    { result: [{ f: '{"a": 1}' }] },
  ])
})
