// Numbers from text and to text as Python reads and writes them.
import { expect, test } from 'bun:test'
import { formatFixed, parseFloating, parseInteger } from '../../src/text/python/number.ts'
import { repr } from '../../src/text/python/repr.ts'
import { PythonError } from '../../src/text/python/value.ts'

test('int() takes white space, signs, underscores between digits and digits of any script', () => {
  const read: [string, string][] = [
    [' 12\n', '12'],
    ['+1_000', '1000'],
    ['-007', '-7'],
    ['٣٤', '34'],
    ['𝟙𝟚', '12'],
    ['123456789012345678901', '123456789012345678901'],
  ]
  for (const [text, value] of read) expect([text, repr(parseInteger(text))]).toEqual([text, value])
  for (const text of ['', '1__0', '_1', '1.0', '0x1', '1e3', '५x', '9'.repeat(4301)])
    expect(() => parseInteger(text)).toThrow(PythonError)
})

test('float() takes exponents, infinities and NaN in any case', () => {
  const read: [string, string][] = [
    ['1e3', '1000.0'],
    [' -.5 ', '-0.5'],
    ['5.', '5.0'],
    ['1_0.0_1', '10.01'],
    ['Infinity', 'inf'],
    ['-INF', '-inf'],
    ['nAn', 'nan'],
    ['1e400', 'inf'],
  ]
  for (const [text, value] of read) expect([text, repr(parseFloating(text))]).toEqual([text, value])
  for (const text of ['', '.', '1e', '1._0', '0x1p3', 'infin']) expect(() => parseFloating(text)).toThrow(PythonError)
})

test('fixed digits round exact halves to the even digit', () => {
  // CPython 3.11: '%.2f' % x
  expect([74.125, 0.375, 2.675, -0.125, 1.005, 100].map((value) => formatFixed(value, 2))).toEqual([
    '74.12',
    '0.38',
    '2.67',
    '-0.12',
    '1.00',
    '100.00',
  ])
  expect([0.5, 1.5, 2.5].map((value) => formatFixed(value, 0))).toEqual(['0', '2', '2'])
})
