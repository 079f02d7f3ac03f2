// Schemas as grammars: what is read and what is not, and what a schema asks that is not seen to.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { valueGrammar } from '../../../src/dialogue/grammar/frame.ts'
import { patternOf } from '../../../src/dialogue/grammar/pattern.ts'
import { integersBetween, numbersBetween } from '../../../src/dialogue/grammar/range.ts'
import { charactersBut } from '../../../src/dialogue/grammar/spelling.ts'
import type { Json } from '../../../src/text/json.ts'
import { matcher, read } from './read.ts'

const city = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] }
const tree = {
  $ref: '#/$defs/node',
  $defs: { node: { type: 'object', properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } } } },
}

const cases: [what: string, schema: Json, whole: string[], broken: string[]][] = [
  [
    'members in any order, optional ones left out, each once, none besides',
    city,
    ['{"city": "Rome"}', '{"days":3,"city":"Rome"}', '{"city": "Rome", "days": -3}'],
    ['{}', '{"days": 3}', '{"city": "a", "city": "b"}', '{"city": "a", "more": 1}', '{"city":  "a"}', '{"city": 3}'],
  ],
  [
    'further members where they are asked for, never a second spelling of a named one',
    { ...city, additionalProperties: { type: 'boolean' } },
    ['{"city": "a", "more": true}', '{"more": true, "city": "a"}'],
    ['{"city": "a", "more": 1}', '{"city": "a", "days": true}', '{"city": "a", "d\\u0061ys": true}'],
  ],
  ['no member where a tool names none', { type: 'object', properties: {} }, ['{}'], ['{"a": 1}']],
  [
    'any member of an object within that names none',
    { properties: { a: { properties: {} } } },
    ['{"a": {"b": 1}}'],
    [],
  ],
  ['an object without a word on its members', { type: 'object' }, ['{}', '{"a": [1, {"b": null}]}'], ['[]', '{"a"}']],
  [
    'strings as JSON has them',
    { type: 'string' },
    ['""', '"a\\n\\"\\u00e9 ü 東 😀"', '"\\ud83d\\ude00"'],
    ['"a\nb"', '"\\x41"', '"\\ud83d"', '"\\ude00"', '"a'],
  ],
  [
    'lengths count characters, whatever their bytes and escapes',
    { type: 'string', minLength: 2, maxLength: 3 },
    ['"東京"', '"\\n\\u00e9a"', '"😀😀"'],
    ['"a"', '"abcd"', '"東"'],
  ],
  ['numbers', { type: 'number' }, ['0', '-1.5', '1e5', '2E-07'], ['01', '.5', '1.', '+1', '1e400', 'NaN']],
  ['integers', { type: 'integer' }, ['0', '-12'], ['1.0', '1e3', '00', '1'.repeat(16)]],
  ['words', { type: ['boolean', 'null'] }, ['true', 'false', 'null'], ['True', '0', '"null"']],
  ['values that are named', { enum: ['a"b', 1, null, [1, 2]] }, ['"a\\"b"', '1', 'null', '[1, 2]'], ['2', '"a']],
  ['values that are named, of a type', { type: 'string', enum: ['a', 1] }, ['"a"'], ['1']],
  ['values that are named, within bounds', { enum: [1, 5, 'a'], maximum: 3, pattern: '^b' }, ['1'], ['5', '"a"']],
  ['one value', { const: { a: 1 } }, ['{"a": 1}'], ['{}', '{"a": 2}']],
  [
    'lists of so many items',
    { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
    ['[1]', '[1, 2]', '[1,2]'],
    ['[]', '[1, 2, 3]', '[1,]', '["a"]'],
  ],
  [
    'tuples',
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false, minItems: 1 },
    ['["a"]', '["a", 1]'],
    ['[]', '[1]', '["a", 1, 2]'],
  ],
  ['alternatives', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, ['"a"', '3'], ['true', '3.5']],
  [
    'alternatives beside what holds for all of them',
    { ...city, anyOf: [{ required: ['days'] }, { properties: { city: { const: 'Rome' } } }] },
    ['{"city": "a", "days": 1}', '{"city": "Rome"}'],
    ['{"city": "a"}'],
  ],
  [
    'several schemas at once',
    { allOf: [city, { required: ['days'], properties: { days: { minimum: 2, type: 'integer' } } }] },
    ['{"city": "a", "days": 2}'],
    ['{"city": "a"}', '{"city": "a", "days": "2"}'],
  ],
  ['schemas that hold themselves', tree, ['{}', '{"next": {"next": null}}'], ['{"next": 1}', '{"next": {"next": 2}}']],
  ['a property that has no value is left out', { properties: { a: false, b: true } }, ['{}', '{"b": 1}'], ['{"a": 1}']],
  ['anything', {}, ['1', '"a"', 'null', '[{}, []]', '{"a": {"b": false}}'], ['', '{a: 1}', '[1,]']],
]

for (const [what, schema, whole, broken] of cases)
  test(`grammars of schemas read ${what}`, () => {
    const { rule, notices } = valueGrammar(schema)
    expect(whole.filter((text) => read(rule, text) !== 'whole')).toEqual([])
    expect(broken.filter((text) => read(rule, text) === 'whole')).toEqual([])
    expect(notices).toEqual([])
  })

test('a layout of one order and one spacing reads nothing else', () => {
  const { rule } = valueGrammar(city, { order: 'schema', space: 'written' })
  expect(read(rule, '{"city": "a", "days": 1}')).toBe('whole')
  expect(read(rule, '{"days": 1')).toBe('broken')
  expect(read(rule, '{"city":"a"')).toBe('broken')
})

test('what a schema asks and the grammar does not see to is named, each with its place', () => {
  const { notices } = valueGrammar({
    type: 'object',
    properties: {
      a: { type: 'string', format: 'date', pattern: '(?=x)' },
      'b/c': { type: 'array', items: { type: 'number', multipleOf: 0.5, minimum: 0.25 }, uniqueItems: true },
      d: { not: { type: 'string' }, type: 'integer' },
      e: { type: 'dict' },
      f: { $ref: 'https://example.com/schema' },
      g: { oneOf: [{ type: 'integer' }, { type: 'number' }] },
      h: { type: 'array', enum: ['a', 'b'] },
    },
  })
  expect(notices.map(({ path, keyword }) => `${path} ${keyword}`)).toEqual([
    '/properties/a format',
    '/properties/a pattern',
    '/properties/b~1c uniqueItems',
    '/properties/b~1c/items multipleOf',
    '/properties/b~1c/items minimum',
    '/properties/d not',
    '/properties/e type',
    '/properties/f $ref',
    '/properties/g oneOf',
    '/properties/h enum',
  ])
})

test('integers between bounds are those whose value lies there', () => {
  const near = fc.integer({ min: -1200, max: 1200 })
  fc.assert(
    fc.property(near, near, near, (a, b, value) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)]
      const matches = matcher(integersBetween(min, max)!)
      for (const each of [value, min - 1, min, min + 1, max - 1, max, max + 1])
        expect(matches(String(each))).toBe(each >= min && each <= max)
    }),
    { numRuns: 300 },
  )
  expect(integersBetween(3, 2)).toBeUndefined()
  expect(matcher(integersBetween(-Infinity, 5)!)('-98765')).toBe(true)
})

test('decimals between bounds are those whose value lies there, the bounds with them or without', () => {
  const near = fc.integer({ min: -30, max: 30 })
  const decimal = fc.tuple(near, fc.integer({ min: 0, max: 99 }), fc.boolean())
  fc.assert(
    fc.property(near, near, fc.boolean(), fc.boolean(), decimal, (a, b, aboveMin, belowMax, [whole, cents, short]) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)]
      const regex = numbersBetween({ min, max, aboveMin, belowMax })
      const matches = regex ? matcher(regex) : () => false
      const text = short ? String(whole) : `${whole}.${String(cents).padStart(2, '0')}`
      const value = Number(text)
      const lies = (aboveMin ? value > min : value >= min) && (belowMax ? value < max : value <= max)
      // A bound has one spelling: 5 and not 5.00.
      if (!(Number.isInteger(value) && !short)) expect(matches(text)).toBe(lies)
      else if (matches(text)) expect(lies).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

const letters = charactersBut('"')

test('patterns read what the regular expression finds itself in', () => {
  const sources = [
    '^[a-c]{2,3}$',
    'ab+',
    '^(x|yz)?$',
    '[^x]$',
    '^\\d+(\\.\\d+)*$',
    '^a|b$',
    '^[\\w.-]+@\\w+$',
    '^$',
    '(?:ab){2}',
  ]
  const text = fc.array(fc.constantFrom(...'abcxyz01.-@ '), { maxLength: 6 }).map((all) => all.join(''))
  for (const source of sources) {
    const matches = matcher(patternOf(source, letters)!)
    fc.assert(
      fc.property(text, (text) =>
        expect([source, text, matches(text)]).toEqual([source, text, new RegExp(source, 'u').test(text)]),
      ),
    )
  }
})

test('patterns beyond the common part are left to others', () => {
  const rare = ['(?=a)', '(a)\\1', '\\p{L}+', '(', 'a{2000}', '\\bword\\b', '(a*)*', 'x^']
  expect(rare.filter((source) => patternOf(source, letters) !== undefined)).toEqual([])
})
