// Chat templates rendered as transformers renders them in Python: numbers, the order of keys and tojson are Python's.
import { Environment, parse, tokenize } from '@huggingface/jinja'
import { Bounded, MAX_RANGE, WRITTEN } from './bounded.ts'
import { dumpJson, Float, isObject, keysOf, setKeyOrder, type Json, type JsonObject } from '../text/json.ts'
import { fromJson } from '../text/python/json.ts'
import { str } from '../text/python/repr.ts'

/** A template as a function of its variables: JSON as Python reads it, or functions of plain values. Throws what the template raises. */
export type Template = (variables: Record<string, unknown>) => string

type Value = ReturnType<Environment['set']>

/** @throws SyntaxError where the source is no template. */
export function compileTemplate(source: string): Template {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))
  callPython(program)
  return (variables) => {
    const environment = new Environment()
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables }))
      environment.setVariable(name, toValue(value))
    for (const [name, call] of Object.entries(OURS)) environment.setVariable(hidden(name), functionOf(call))
    return new Bounded(environment).run(program).toString()
  }
}

const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception(message: unknown): never {
    throw new Error(String(message))
  },
  range(start: number, stop?: number, step = 1): number[] {
    const [from, to] = stop === undefined ? [0, start] : [start, stop]
    const length = Math.max(0, Math.ceil((to - from) / step))
    if (!(length <= MAX_RANGE)) throw new Error(`a range of ${length}, more than ${MAX_RANGE}`)
    return Array.from({ length }, (_, i) => from + i * step)
  },
}

/** What the engine does otherwise than Python or not at all: filters, the operator ~, and writing a value. */
const OURS: Record<string, (args: Value[]) => unknown> = {
  tojson: ([value, ...rest]) => dumpJson(toJson(value!), dumpOptions(rest)),
  string: ([value]) => textOf(value!),
  join: ([items, ...rest]) => joined(items!, rest),
  map: ([items, ...rest]) => mapped(items!, rest),
  write: ([value]) => textOf(value!),
  '~': ([left, right]) => textOf(left!) + textOf(right!),
}

/** A variable that no template can name. */
const hidden = (name: string): string => ` ${name}`

/** Turns each use of a name of OURS in a parsed template into a call of ours. */
function callPython(node: unknown): void {
  if (node instanceof Map) for (const pair of node) callPython(pair)
  if (typeof node !== 'object' || node === null) return
  for (const [key, child] of Object.entries(node)) {
    callPython(child)
    if (BLOCKS.has(key) && Array.isArray(child)) child.splice(0, child.length, ...child.flatMap(written))
  }
  if (!('type' in node)) return
  const call = (name: string, args: unknown[]) => Object.assign(node, callOf(name, args))
  if (node.type === 'FilterExpression' && 'filter' in node && 'operand' in node) {
    const [name, args] = filterOf(node.filter)
    if (isOurs(name, args)) call(name, [node.operand, ...args])
  }
  if (node.type === 'BinaryExpression' && 'operator' in node && 'left' in node && 'right' in node)
    if (nameOf(node.operator) === '~') call('~', [node.left, node.right])
}

/** Of map only what names one of our filters: the engine takes attributes. */
function isOurs(name: string, args: readonly unknown[]): boolean {
  return Object.hasOwn(OURS, name) && (name !== 'map' || Object.hasOwn(OURS, nameOf(args[0])))
}

const callOf = (name: string, args: unknown[]) => ({
  type: 'CallExpression',
  callee: { type: 'Identifier', value: hidden(name) },
  args,
})

/** Where the engine keeps what a template writes, and what in it is no value. */
const BLOCKS = new Set(['body', 'alternate', 'defaultBlock'])
const STATEMENTS = new Set(
  'StringLiteral Comment Set If For Macro CallStatement FilterStatement Break Continue'.split(' '),
)

/** A part of a block: a value is written by us, and what a block of a filter gives is kept under a name for ours. */
function written(part: unknown): unknown[] {
  if (typeof part !== 'object' || part === null || !('type' in part)) return [part]
  if (!STATEMENTS.has(String(part.type))) return [callOf('write', [part])]
  if (part.type !== 'FilterStatement' || !('filter' in part) || !('body' in part)) return [part]
  const [name, args] = filterOf(part.filter)
  if (!isOurs(name, args)) return [part]
  const kept = { type: 'Identifier', value: hidden('filtered') }
  return [
    { type: 'Set', assignee: kept, value: null, body: part.body },
    callOf('write', [callOf(name, [kept, ...args])]),
  ]
}

/** The name and the arguments of `name` or `name(…)`. */
function filterOf(node: unknown): [name: string, args: unknown[]] {
  if (typeof node !== 'object' || node === null || !('callee' in node)) return [nameOf(node), []]
  return [nameOf(node.callee), 'args' in node && Array.isArray(node.args) ? node.args : []]
}

const nameOf = (node: unknown): string =>
  typeof node === 'object' && node !== null && 'value' in node ? String(node.value) : ''

/** Jinja's join: the items as Python writes them, or an attribute of each. */
function joined(items: Value, rest: readonly Value[]): string {
  const { named, plain } = argumentsOf(rest)
  const [separator = named.get('d'), attribute = named.get('attribute')] = plain
  const list = itemsOf(items).map((item) =>
    attribute && item.value instanceof Map ? (item.value.get(String(attribute.value)) ?? made(undefined)) : item,
  )
  return list.map(textOf).join(separator ? textOf(separator) : '')
}

/** Jinja's map with one of our filters. */
function mapped(items: Value, [filter, ...rest]: readonly Value[]): unknown {
  const apply = OURS[String(filter?.value)]!
  return itemsOf(items).map((item) => apply([item, ...rest]))
}

/** What Python's loops run over: items of a list, keys of a dict, characters of a text. */
function itemsOf({ value }: Value): Value[] {
  if (Array.isArray(value)) return value
  if (value instanceof Map) return [...value.keys()].map(made)
  return typeof value === 'string' ? [...value].map(made) : []
}

function argumentsOf(args: readonly Value[]): { named: Map<string, Value>; plain: Value[] } {
  const named = args.find(({ type }) => type === 'KeywordArgumentsValue')?.value
  return {
    named: named instanceof Map ? named : new Map(),
    plain: args.filter(({ type }) => type !== 'KeywordArgumentsValue'),
  }
}

/** The arguments of transformers' tojson, in its order. */
function dumpOptions(args: readonly Value[]) {
  const named = args.at(-1)?.type === 'KeywordArgumentsValue' ? toJson(args.at(-1)!) : {}
  const options: JsonObject = isObject(named) ? { ...named } : {}
  const places = ['ensure_ascii', 'indent', 'separators', 'sort_keys']
  for (const [i, value] of args.entries())
    if (value.type !== 'KeywordArgumentsValue' && places[i] !== undefined) options[places[i]] = toJson(value)
  const { indent, separators } = options
  const [comma, colon] = Array.isArray(separators) ? separators : []
  return {
    ensureAscii: options['ensure_ascii'] === true,
    sortKeys: options['sort_keys'] === true,
    ...(typeof indent === 'number' && { indent: Math.min(indent, WRITTEN.indent) }),
    ...(typeof comma === 'string' && typeof colon === 'string' && { separators: [comma, colon] as const }),
  }
}

/** A value of the engine; it exports no classes, but makes their instances. */
const made = (value: unknown): Value => new Environment().set('value', value)

const functionOf = (call: (args: Value[]) => unknown): Value =>
  Object.assign(
    made(() => null),
    { value: (args: Value[]) => made(call(args)) },
  )

function toValue(value: unknown): Value {
  if (value instanceof Float) return float(value.value)
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return float(value)
  if (typeof value === 'bigint') return Object.assign(made(0), { value })
  if (Array.isArray(value)) return Object.assign(made([]), { value: value.map(toValue) })
  if (typeof value !== 'object' || value === null) return made(value)
  const object = value as JsonObject
  return Object.assign(made({}), { value: new Map(keysOf(object).map((key) => [key, toValue(object[key])])) })
}

const float = (value: number): Value => Object.assign(made(0.5), { value })

/** Python's str. */
function textOf(value: Value): string {
  return value.type === 'UndefinedValue' ? '' : str(fromJson(toJson(value)))
}

/** @throws Error for a function or what is not defined, as json.dumps does, and for a value that holds too many others. */
function toJson({ type, value }: Value, room = { values: WRITTEN.values }): Json {
  if (--room.values < 0) throw new Error('it writes too large a value')
  if (type === 'NullValue') return null
  if (type === 'FloatValue') return Number.isInteger(value) ? new Float(Number(value)) : Number(value)
  if (value instanceof Map) {
    const object = Object.fromEntries([...value].map(([key, item]) => [key, toJson(item, room)]))
    setKeyOrder(object, [...value.keys()])
    return object
  }
  if (Array.isArray(value)) return value.map((item) => toJson(item, room))
  if (value === undefined || value === null || typeof value === 'function')
    throw new Error(`Object of type ${type.replace(/Value$/, '')} is not JSON serializable`)
  return value
}
