// Where a place of a row stands in the record that the row was made from, as the record lies in its file.
import { CALL_ARGUMENTS, CALL_NAMES } from '../data/calls.ts'
import { SCHEMA_KEYS } from '../data/tools.ts'
import type { HoneRow, ToolCall } from '../dialogue/row.ts'
import { isObject, JsonError, keysOf, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { locate, offsetInString } from '../text/json/scan.ts'
import { valueFinder } from '../text/json/values.ts'
import type { Path } from './rule.ts'

/** JSON text: the record itself, or what one of its strings holds. `outer`: from an offset in it to one in the record. */
interface Region {
  text: string
  outer(offset: number): number
}

/** A value of the record. */
interface Node {
  region: Region
  path: Path
  value: Json
}

/**
 * A function that gives for a path into `row` the offset, in the text of the record, of what it was made from; of the nearest
 * thing above it where the sets' spellings part. What cannot be found stands at the beginning.
 */
export function originOf(text: string, record: Json, row: HoneRow): (path: Path) => number {
  const nodes = [...nodesOf({ region: { text, outer: (offset) => offset }, path: [], value: record }, 0)]
  return ([field, index, ...rest]) => {
    if (typeof index !== 'number') return 0
    if (field === 'answer') return callAt(nodes, callsBefore(row, row.messages.length, index), row.answer[index], rest)
    if (field === 'tools') return toolAt(nodes, row, index, rest)
    if (field !== 'messages') return 0
    const [key, call, ...inner] = rest
    if (key === 'tool_calls' && typeof call === 'number')
      return callAt(nodes, callsBefore(row, index, call), row.messages[index]?.tool_calls?.[call], inner)
    return messageAt(nodes, row, index, rest)
  }
}

/** Every object and string of a value, and of the JSON in its strings, in order. */
function* nodesOf(node: Node, depth: number): Generator<Node> {
  const { region, path, value } = node
  if (Array.isArray(value))
    for (const [i, item] of value.entries()) yield* nodesOf({ region, path: [...path, i], value: item }, depth)
  if (typeof value === 'string') {
    yield node
    if (depth < DEEPEST) for (const inner of insides(node)) yield* nodesOf(inner, depth + 1)
  }
  if (!isObject(value)) return
  yield node
  for (const key of keysOf(value)) yield* nodesOf({ region, path: [...path, key], value: value[key]! }, depth)
}

/** Text in text in text. */
const DEEPEST = 3

/** The JSON values in a string. */
function* insides({ region, path, value }: Node): Generator<Node> {
  if (typeof value !== 'string' || !/[[{]/.test(value)) return
  const start = locate(region.text, path)
  const find = valueFinder(value)
  for (let found = find(0); found; found = find(Math.max(found.end, found.start + 1))) {
    const { start: from, end, state } = found
    if (state !== 'whole') continue
    const text = value.slice(from, end)
    const inner = readable(text)
    if (inner === undefined) continue
    const outer = (offset: number) => region.outer(offsetInString(region.text, start, from + offset))
    yield { region: { text, outer }, path: [], value: inner }
  }
}

function readable(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

/** How sets spell the fields of a row. */
const SPELLINGS: Record<string, readonly string[]> = {
  name: CALL_NAMES,
  arguments: CALL_ARGUMENTS,
  parameters: SCHEMA_KEYS,
  role: ['role', 'from'],
  content: ['content', 'value'],
}

/** The offset of what stands at `steps` below a node. */
function offsetOf(node: Node, steps: Path): number {
  let { region, path, value }: Node = node
  for (const [i, step] of steps.entries()) {
    if (typeof value === 'string') {
      const [inner] = insides({ region, path, value })
      if (!inner) break
      return offsetOf(inner, steps.slice(i))
    }
    const key = Array.isArray(value) ? step : isObject(value) ? keyIn(value, String(step)) : undefined
    // A flat map of parameters has no frame.
    if (key === undefined && step === 'properties') continue
    const next: Json | undefined = Array.isArray(value)
      ? value[Number(key)]
      : isObject(value) && key !== undefined
        ? value[key]
        : undefined
    if (key === undefined || next === undefined) break
    path = [...path, key]
    value = next
  }
  return region.outer(locate(region.text, path))
}

const keyIn = (object: JsonObject, key: string): string | undefined =>
  [key, ...(SPELLINGS[key] ?? [])].find((each) => object[each] !== undefined && object[each] !== null)

/** All calls of a row up to one of a turn; those of the answer come last. */
function callsBefore({ messages, answer }: HoneRow, turn: number, index: number): ToolCall[] {
  const own = turn < messages.length ? (messages[turn]?.tool_calls ?? []) : answer
  return [...messages.slice(0, turn).flatMap(({ tool_calls = [] }) => tool_calls), ...own.slice(0, index)]
}

/** A call is the one of its name that comes after as many as in the row. */
function callAt(nodes: readonly Node[], before: readonly ToolCall[], call: ToolCall | undefined, steps: Path): number {
  if (!call) return 0
  const index = before.filter(({ name }) => name === call.name).length
  const node = nodes.filter(({ value }) => nameIn(value) === call.name && !isTool(value))[index]
  if (node) return offsetOf(node, steps)
  // Spelt as code: name(key=value).
  const places = nodes.flatMap((node) => {
    if (typeof node.value !== 'string') return []
    const written = new RegExp(`${RegExp.escape(call.name)}\\s*\\(`, 'g')
    return [...node.value.matchAll(written)].map((found) => ({ node, at: found.index }))
  })
  const place = places[index]
  if (!place) return 0
  const { region, path, value } = place.node
  const key = String(steps[1] ?? '')
  const within =
    key === ''
      ? -1
      : String(value)
          .slice(place.at)
          .search(new RegExp(`\\b${RegExp.escape(key)}\\s*[=:]`))
  return region.outer(offsetInString(region.text, locate(region.text, path), place.at + Math.max(0, within)))
}

function toolAt(nodes: readonly Node[], { tools }: HoneRow, index: number, steps: Path): number {
  const name = tools[index]?.name
  const before = tools.slice(0, index).filter((tool) => tool.name === name).length
  const node = nodes.filter(({ value }) => nameIn(value) === name && isTool(value))[before]
  return node ? offsetOf(node, steps) : 0
}

/** A message is found by its text, beside which its other fields stand. */
function messageAt(nodes: readonly Node[], { messages }: HoneRow, index: number, steps: Path): number {
  const text = messages[index]?.content
  if (text === undefined || text === '') return 0
  const before = messages.slice(0, index).filter(({ content }) => content === text).length
  const node = nodes.filter(({ value }) => value === text)[before]
  if (!node) return 0
  const field = SPELLINGS[String(steps[0])] ?? []
  const beside = nodes.find(
    ({ region, path, value }) =>
      region === node.region &&
      isObject(value) &&
      path.length === node.path.length - 1 &&
      path.every((step, i) => step === node.path[i]),
  )
  return beside &&
    steps[0] !== 'content' &&
    isObject(beside.value) &&
    field.some((key) => isObject(beside.value) && beside.value[key] !== undefined)
    ? offsetOf(beside, steps)
    : node.region.outer(locate(node.region.text, node.path))
}

function nameIn(value: Json): string | undefined {
  if (!isObject(value)) return undefined
  const name = CALL_NAMES.map((key) => value[key]).find((each) => each !== undefined && each !== null)
  return typeof name === 'string' ? name : undefined
}

/** A definition rather than a call: it describes itself or has a schema. */
function isTool(value: Json): boolean {
  if (!isObject(value)) return false
  if (value['description'] !== undefined) return true
  return SCHEMA_KEYS.some((key) => isObject(value[key]) && isObject(value[key]['properties']))
}
