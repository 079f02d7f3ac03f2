// Rules about the values of arguments: of the type, in the enum and within the bounds that their schemas say.
import { dumpJson, Float, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { jsonIn } from '../../data/source.ts'
import { exampleCall, exampleSchema, type Rule } from '../rule.ts'
import { names, takesType, typeOf, typeText } from '../types.ts'

/** A tool with one flag, for examples about booleans. */
const flagged = (value: unknown): string => exampleSchema({ type: 'boolean' }, { city: 'Oslo', days: value })

export const valueRules: Rule[] = [
  {
    code: 'HN304',
    severity: 'error',
    what: 'An argument is of the wrong type.',
    why: 'The answer breaks the schema: a model that follows the schema is counted as wrong.',
    hint: 'write the value in the type that the schema names',
    bad: exampleCall({ city: ['Oslo'], days: 1 }),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'mistyped',
    check: (value, schema) =>
      textFor(value, schema) || wholeFloat(value, schema)
        ? undefined
        : { message: `a value of type ${typeOf(value)}, the schema says ${typeText(schema)}` },
  },
  {
    code: 'HN305',
    severity: 'error',
    what: 'An argument is not in the enum.',
    why: 'The answer breaks the schema: a model that follows the schema is counted as wrong.',
    hint: 'write one of the values, letter for letter, or add this one',
    bad: exampleSchema({ type: 'string', enum: ['today', 'tomorrow'] }, { city: 'Oslo', days: 'Tomorrow' }),
    good: exampleSchema({ type: 'string', enum: ['today', 'tomorrow'] }, { city: 'Oslo', days: 'tomorrow' }),
    on: 'value',
    check(value, schema) {
      const values = schema['enum']
      if (!Array.isArray(values) || values.length === 0) return undefined
      if (values.includes(value) || values.some((each) => dumpJson(each) === dumpJson(value))) return undefined
      return {
        message: `${short(value)} is none of ${values.slice(0, 5).map(short).join(', ')}${values.length > 5 ? ', …' : ''}`,
      }
    },
  },
  {
    code: 'HN306',
    severity: 'error',
    what: 'A number is given as text.',
    why: '"5" is not 5 to an exact match; the model learns to quote numbers.',
    hint: 'write the number without quotes',
    bad: exampleCall({ city: 'Oslo', days: '1' }),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'mistyped',
    check: (value, schema) =>
      textFor(value, schema) === 'number' ? { message: `the number ${String(value)} is given as text` } : undefined,
    fix: (row) => mendArguments(row, (value, schema) => (textFor(value, schema) === 'number' ? Number(value) : value)),
  },
  {
    code: 'HN307',
    severity: 'error',
    what: 'A boolean or null is given as text.',
    why: '"true" is not true to an exact match; the model learns to quote it.',
    hint: 'write true, false or null without quotes',
    bad: flagged('true'),
    good: flagged(true),
    on: 'mistyped',
    check: (value, schema) =>
      textFor(value, schema) === 'word' ? { message: `${String(value)} is given as text` } : undefined,
    fix: (row) =>
      mendArguments(row, (value, schema) =>
        textFor(value, schema) === 'word' ? WORDS.get(String(value).toLowerCase())! : value,
      ),
  },
  {
    code: 'HN308',
    severity: 'error',
    what: 'A list or an object is given as text.',
    why: 'An exact match compares text with a list; the model learns to write JSON inside strings.',
    hint: 'write the list or object itself',
    bad: exampleSchema({ type: 'array', items: { type: 'integer' } }, { city: 'Oslo', days: '[1, 2]' }),
    good: exampleSchema({ type: 'array', items: { type: 'integer' } }, { city: 'Oslo', days: [1, 2] }),
    on: 'mistyped',
    check: (value, schema) =>
      textFor(value, schema) === 'json' ? { message: 'a list or an object is given as text' } : undefined,
    fix: (row) =>
      mendArguments(row, (value, schema) => (textFor(value, schema) === 'json' ? jsonIn(String(value))! : value)),
  },
  {
    code: 'HN309',
    severity: 'error',
    what: 'An argument is outside the bounds of its schema.',
    why: 'The answer breaks the schema that the model is shown.',
    hint: 'change the value or the bound',
    bad: exampleSchema({ type: 'integer', minimum: 1, maximum: 10 }, { city: 'Oslo', days: 14 }),
    good: exampleSchema({ type: 'integer', minimum: 1, maximum: 10 }, { city: 'Oslo', days: 7 }),
    on: 'value',
    check: outOfBounds,
  },
  {
    code: 'HN312',
    severity: 'warning',
    what: 'An argument is a placeholder.',
    why: 'The model learns to answer with words that stand for a value.',
    hint: 'write a real value that the question gives',
    bad: exampleCall({ city: '<city name>' }),
    good: exampleCall({ city: 'Oslo' }),
    on: 'value',
    check: (value) =>
      typeof value === 'string' && value.length < 60 && PLACEHOLDER.test(value)
        ? { message: `"${value}" stands for a value` }
        : undefined,
  },
  {
    code: 'HN313',
    severity: 'warning',
    what: 'An integer is written as a float.',
    why: '5.0 is not 5 to an exact match; a model that follows the schema is counted as wrong.',
    hint: 'write the number without a fraction',
    bad: exampleCall({ city: 'Oslo', days: 0 }).replace('"days":0', '"days":1.0'),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'mistyped',
    check: (value, schema) =>
      wholeFloat(value, schema) ? { message: `${dumpJson(value)} where the schema says integer` } : undefined,
    fix: (row) => mendArguments(row, (value, schema) => (wholeFloat(value, schema) ? value.value : value)),
  },
  {
    code: 'HN315',
    severity: 'info',
    optIn: true,
    what: 'An argument repeats the default of its parameter.',
    why: 'Leaving it out is as right, but an exact match counts it as wrong.',
    hint: 'leave the argument out, or score with a checker that knows defaults',
    bad: exampleSchema({ type: 'integer', default: 1 }, { city: 'Oslo', days: 1 }),
    good: exampleSchema({ type: 'integer', default: 1 }, { city: 'Oslo' }),
    on: 'value',
    check: (value, schema) =>
      schema['default'] !== undefined && dumpJson(schema['default']) === dumpJson(value)
        ? { message: `${short(value)} is the default` }
        : undefined,
  },
]

const PLACEHOLDER =
  /^(<[^<>]+>|\{\{?[^{}]+\}?\}|\[(?:your|insert|name|city|value)[^\]]*\]|your[_ -]?(?:api[_ -]?)?(?:key|token|name|email|id|password)|your_\w+|string|value|placeholder|n\/a|todo|xxx+|example_value)$/i

const WORDS = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
])

/** What a text of the wrong type holds, where the schema takes it as a value of its own. */
function textFor(value: Json, schema: JsonObject): 'number' | 'word' | 'json' | undefined {
  if (typeof value !== 'string' || names(schema, 'string')) return undefined
  const text = value.trim()
  if (/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?$/.test(text) && takesType(Number(text), schema)) return 'number'
  const word = WORDS.get(text.toLowerCase())
  if (word !== undefined && takesType(word, schema)) return 'word'
  const inner = jsonIn(text)
  return inner !== undefined && takesType(inner, schema) ? 'json' : undefined
}

function wholeFloat(value: Json, schema: JsonObject): value is Float {
  return (
    value instanceof Float && Number.isSafeInteger(value.value) && names(schema, 'integer') && !names(schema, 'number')
  )
}

function outOfBounds(value: Json, schema: JsonObject): { message: string } | undefined {
  const number = typeof value === 'number' ? value : value instanceof Float ? value.value : undefined
  const [low, high] =
    typeof value === 'string'
      ? ['minLength', 'maxLength']
      : Array.isArray(value)
        ? ['minItems', 'maxItems']
        : ['minimum', 'maximum']
  const size =
    number ?? (typeof value === 'string' ? [...value].length : Array.isArray(value) ? value.length : undefined)
  if (size === undefined) return undefined
  const [least, most] = [schema[low!], schema[high!]]
  if (typeof least === 'number' && size < least) return { message: `${short(value)} is below ${low} ${least}` }
  if (typeof most === 'number' && size > most) return { message: `${short(value)} is above ${high} ${most}` }
  const pattern = schema['pattern']
  if (typeof value !== 'string' || typeof pattern !== 'string') return undefined
  try {
    return new RegExp(pattern, 'u').test(value) ? undefined : { message: `${short(value)} does not match ${pattern}` }
  } catch {
    return undefined // HN214 speaks of the pattern
  }
}

/** Every argument of the answer that has a schema, mended. */
function mendArguments(row: JsonObject, change: (value: Json, schema: JsonObject) => Json): JsonObject | undefined {
  const { answer, tools } = row
  if (!Array.isArray(answer) || !Array.isArray(tools)) return undefined
  let changed = false
  const visit = (value: Json, schema: Json | undefined): Json => {
    if (!isObject(schema)) return value
    if (!takesType(value, schema)) {
      const mended = change(value, schema)
      changed ||= mended !== value
      return mended
    }
    const { properties, items } = schema
    if (Array.isArray(value)) return value.map((item) => visit(item, items))
    if (!isObject(value) || !isObject(properties)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        Object.hasOwn(properties, key) ? visit(item, properties[key]) : item,
      ]),
    )
  }
  const mended = answer.map((call) => {
    const tool = isObject(call) ? tools.find((each) => isObject(each) && each['name'] === call['name']) : undefined
    if (!isObject(call) || !isObject(tool) || !isObject(call['arguments'])) return call
    return { ...call, arguments: visit(call['arguments'], tool['parameters']) }
  })
  return changed ? { ...row, answer: mended } : undefined
}

function short(value: Json): string {
  const text = dumpJson(value, { ensureAscii: false })
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
