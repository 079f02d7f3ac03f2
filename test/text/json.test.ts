// JSON as Python reads and writes it: number identity, order, limits, and time that stays linear on hostile text.
import { expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import {
  decimalsOf,
  dumpJson,
  equalJson,
  Float,
  floatText,
  JsonError,
  keysOf,
  parseJson,
  type Json,
  type JsonFault,
} from '../../src/text/json.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const faultOf = (text: string): JsonFault | 'none' => {
  try {
    parseJson(text)
    return 'none'
  } catch (error) {
    if (error instanceof JsonError) return error.fault
    throw error
  }
}

test('an int, a float, a boolean and a string of the same look stay four different values', () => {
  const values = ['5', '5.0', 'true', '"5"', '1'].map(parseJson)
  for (const [i, a] of values.entries()) {
    for (const [j, b] of values.entries()) expect(equalJson(a, b, 'exact')).toBe(i === j)
  }
})

test.each([
  ['1.0', '1e0', true],
  ['1e2', '100.0', true],
  ['1e2', '100', false],
  ['-0', '0', true],
  ['-0.0', '0.0', false],
  ['1e400', '1e500', true],
  ['1e400', 'Infinity', true],
  ['NaN', 'NaN', true],
  ['1152921504606846977', '1152921504606846976', false],
  ['9007199254740993', '9007199254740993', true],
  ['0.99999999999999999999', '1.0', true],
  ['{}', '[]', false],
  ['null', 'false', false],
  ['{"a":1,"b":2}', '{"b":2,"a":1}', true],
  ['[1,2]', '[2,1]', false],
  ['{"x":9,"x":1}', '{"x":1}', true],
  ['"\\u00e9"', '"é"', true],
  ['"é"', '"e\\u0301"', false],
  ['"\\ud83d\\ude00"', '"😀"', true],
  ['"\\ud800"', '"\\ud800"', true],
])('%s and %s are equal under dumps: %p', (a, b, equal) => {
  expect(equalJson(parseJson(a), parseJson(b), 'exact')).toBe(equal)
  expect(dumpJson(parseJson(a), { sortKeys: true }) === dumpJson(parseJson(b), { sortKeys: true })).toBe(equal)
})

// Values from CPython 3.11's ==.
test.each([
  ['1', '1.0', true],
  ['1', 'true', true],
  ['0', 'false', true],
  ['0.0', '-0.0', true],
  ['9007199254740993', '9007199254740992.0', false],
  ['9007199254740992', '9007199254740992.0', true],
  ['NaN', 'NaN', false],
  ['[NaN]', '[NaN]', true],
  ['{"a":NaN}', '{"a":NaN}', true],
  ['"1"', '1', false],
  ['null', '0', false],
])('%s == %s in Python: %p', (a, b, equal) => {
  expect(equalJson(parseJson(a), parseJson(b), 'python')).toBe(equal)
})

// Texts from CPython 3.11's json.dumps.
test.each([
  [
    '[1e16, 1e15, 123456789012345680.0, 1e-5, 0.0001, 1e22, 5e-324]',
    '[1e+16, 1000000000000000.0, 1.2345678901234568e+17, 1e-05, 0.0001, 1e+22, 5e-324]',
  ],
  ['[-0.0, -0, NaN, -Infinity, 1e400]', '[-0.0, 0, NaN, -Infinity, Infinity]'],
  ['{"b":1,"10":2,"9":3,"b":4}', '{"b": 4, "10": 2, "9": 3}'],
  ['"é😀\\u007f/\\n\\u001f"', '"\\u00e9\\ud83d\\ude00\\u007f/\\n\\u001f"'],
  ['{"__proto__":{"x":1}}', '{"__proto__": {"x": 1}}'],
])('%s is written back as json.dumps writes it', (text, dumped) => {
  expect(dumpJson(parseJson(text))).toBe(dumped)
})

test('keys are sorted by code point, not by UTF-16 unit', () => {
  expect(dumpJson(parseJson('{"\u{1F600}":1,"\uFF5E":2}'), { sortKeys: true, ensureAscii: false })).toBe(
    '{"\uFF5E": 2, "\u{1F600}": 1}',
  )
})

test('keys that look like array indices keep the place they were written at', () => {
  const value = parseJson('{"z":0,"2":1,"1":2}')
  expect(
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Float) && keysOf(value),
  ).toEqual(['z', '2', '1'])
})

test.each([
  '',
  ' ',
  '[1,]',
  '{"a":1,}',
  "{'a':1}",
  '01',
  '+1',
  '1.',
  '.5',
  '-',
  'nul',
  '[1 2]',
  '"a\nb"',
  '"\\x41"',
  '"abc',
  '\uFEFF[]',
  '\u00A0[]',
  '[] []',
  '```json\n[]\n```',
  '{1:2}',
  '[-NaN]',
])('%j is not JSON, as in Python', (text) => {
  expect(faultOf(text)).toBe('JSONDecodeError')
})

test('nesting beyond the recursion limit is a fault, whatever follows', () => {
  for (const depth of [1_000, 100_000, 5_000_000]) {
    expect(faultOf('['.repeat(depth))).toBe('RecursionError')
    expect(faultOf('['.repeat(depth) + ']'.repeat(depth))).toBe('RecursionError')
    expect(faultOf('{"a":'.repeat(depth) + '1' + '}'.repeat(depth))).toBe('RecursionError')
    expect(faultOf('["]",'.repeat(depth) + '1' + ']'.repeat(depth))).toBe('RecursionError')
  }
  expect(faultOf('['.repeat(900) + ']'.repeat(900))).toBe('none')
})

test('an integer of more than 4300 digits is a ValueError, a float of as many is not', () => {
  expect(faultOf('1'.repeat(4_300))).toBe('none')
  expect(faultOf('1'.repeat(4_301))).toBe('ValueError')
  expect(faultOf('1'.repeat(5_000) + '.0')).toBe('none')
})

test('strings of 10 MB are read whole, escapes or not', () => {
  expect(String(parseJson('"' + 'a'.repeat(1e7) + '"')).length).toBe(1e7)
  expect(String(parseJson('"' + '\\n'.repeat(5e6) + '"')).length).toBe(5e6)
  expect(faultOf('"\\"'.repeat(3.2e6))).toBe('JSONDecodeError')
  expect(faultOf('"1'.repeat(5e6))).toBe('JSONDecodeError')
})

test('a fault says where the text stopped making sense', () => {
  try {
    parseJson('{"a": [1, oops]}')
  } catch (error) {
    expect(error instanceof JsonError && error.offset).toBe(10)
  }
  expect.hasAssertions()
})

/** Any character. fast-check's own unit for them first lists all 1,112,064. */
const character = fc
  .oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, false, NaN, Infinity, -Infinity, new Float(-0), new Float(5)),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
    fc.double().map((x): Json => (Number.isInteger(x) ? new Float(x) : x)),
    fc.string({ unit: character }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.nat().map(String)), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

test('whatever is written is read back as the same value, in the same order', () => {
  fc.assert(
    fc.property(json, fc.boolean(), (value, ensureAscii) => {
      const text = dumpJson(value, { ensureAscii })
      expect(dumpJson(parseJson(text), { ensureAscii })).toBe(text)
      expect(equalJson(parseJson(text), value, 'exact')).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a float is spelt so that it reads back as itself', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (x) => Object.is(Number(floatText(x)), x)))
})

test('a number of single precision survives its decimals in a line of JSON', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (values) => {
      const read: number[] = JSON.parse(JSON.stringify(decimalsOf(values)))
      return Float32Array.from(read).every((x, i) => x === values[i])
    }),
  )
})

test('no text makes the reader fail otherwise than by a JsonError', () => {
  const fragment = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '"',
    ',',
    ':',
    '\\',
    '1',
    '-',
    '.',
    'e',
    'NaN',
    'Infinity',
    'true',
    '\\u',
    'd83d',
    ' ',
    '\n',
    '\0',
  )
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      const fault = faultOf(text)
      let native = true
      try {
        JSON.parse(text)
      } catch {
        native = false
      }
      if (native) expect(fault).toBe('none')
    }),
    { numRuns: 2_000 },
  )
})
