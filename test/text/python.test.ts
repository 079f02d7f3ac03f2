// Python's literals, syntax and spelling against CPython 3.11.7: fixtures/golden/python.jsonl holds what its ast module and repr answered.
import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { join } from 'node:path'
import { parseJson } from '../../src/text/json.ts'
import { literalEval } from '../../src/text/python.ts'
import { parseExpression } from '../../src/text/python/syntax.ts'
import { unparse } from '../../src/text/python/source.ts'
import { fromJson } from '../../src/text/python/json.ts'
import { floatRepr, repr } from '../../src/text/python/repr.ts'
import { Dict, equal, includes, PythonError, type Py } from '../../src/text/python/value.ts'

interface Golden {
  source: string
  unparsed?: string
  fault?: string
  literal?: string
  literalFault?: string
}

const golden = (await Bun.file(join(import.meta.dir, '../../fixtures/golden/python.jsonl')).text())
  .trim()
  .split('\n')
  .map((line): Golden => JSON.parse(line))

test('an expression reads and unparses as CPython does, or fails where CPython fails', () => {
  const wrong = golden.filter(
    ({ source, unparsed, fault }) => outcome(() => unparse(parseExpression(source))) !== (unparsed ?? fault),
  )

  expect(wrong).toEqual([])
})

test('literal_eval gives the value, or the exception, that CPython gives', () => {
  const wrong = golden.filter(
    ({ source, literal, literalFault }) => outcome(() => repr(literalEval(source))) !== (literal ?? literalFault),
  )
  expect(wrong).toEqual([])
})

test('the repr of a value reads back as the same value', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  )
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
  })).value
  fc.assert(
    fc.property(value, (plain) => {
      const original = fromJson(parseJson(JSON.stringify(plain)))
      expect(equal(literalEval(repr(original)), original)).toBe(true)
    }),
  )
})

test('floats are spelt with the shortest digits and an exponent where Python puts one', () => {
  const spelt: [number, string][] = [
    [5, '5.0'],
    [1e16, '1e+16'],
    [123456789012345680, '1.2345678901234568e+17'],
    [9999999999999998, '9999999999999998.0'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-0, '-0.0'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
  ]
  for (const [value, text] of spelt) expect(floatRepr(value)).toBe(text)
})

test('equality is Python’s: numbers by value, a list is not a tuple, NaN equals nothing', () => {
  const pairs: [string, string, boolean][] = [
    ['1', '1.0', true],
    ['True', '1', true],
    ['1', "'1'", false],
    ['[1]', '(1,)', false],
    ['[1, [2.0]]', '[True, [2]]', true],
    ['9007199254740993', '9007199254740992.0', false],
    ["{'a': 1, 'b': 2}", "{'b': 2.0, 'a': True}", true],
    ['{1: 2}', '{1.0: 2}', true],
    ['{1, 2}', '{2, 1}', true],
    ['1j', '1j', true],
    ["b'a'", "'a'", false],
  ]
  for (const [a, b, same] of pairs) expect([a, b, equal(literalEval(a), literalEval(b))]).toEqual([a, b, same])
  expect(includes([NaN], NaN)).toBe(false)
})

test('a dict keeps order and treats 1, 1.0 and True as one key', () => {
  const dict = new Dict([
    [1, 'a'],
    ['1', 'b'],
    [true, 'c'],
  ])
  expect(repr(dict)).toBe("{1: 'c', '1': 'b'}")
  expect(() => dict.set([], null)).toThrow(PythonError)
})

test('nesting beyond any stack is a fault, never a crash', () => {
  const deep: Py = literalEval('['.repeat(200) + ']'.repeat(200))
  expect(repr(deep)).toBe('['.repeat(200) + ']'.repeat(200))
  for (const source of [
    '-'.repeat(200_000) + '1',
    'not '.repeat(200_000) + '1',
    '('.repeat(100_000),
    '1**'.repeat(200_000) + '1',
  ]) {
    expect(() => literalEval(source)).toThrow(PythonError)
  }
})

function outcome(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof PythonError) return error.type
    throw error
  }
}
