// Hammer's masking: names of tools and parameters become random text, so that a model must read descriptions (arXiv 2410.04587).
import { dumpJson, isObject, type Json, type JsonObject } from '../text/json.ts'
import { keyOf, stream } from '../rng.ts'
import type { HoneRow, Tool, ToolCall } from '../dialogue/row.ts'

/**
 * A copy of `row` with masked names, told apart by its id. Names take 5–15 characters, parameters 4–10, of letters, digits,
 * dot and underscore. A default changes where an answer uses exactly that value; then the answer and the question change with it.
 */
export function mask(row: HoneRow, seed: number): HoneRow {
  const draw = stream(seed, MASKING, keyOf(row.id))
  const names = new Map<string, string>()
  const parameters = new Map<string, Map<string, string>>()
  const replaced: [string, string][] = []
  for (const tool of row.tools) {
    if (names.has(tool.name)) continue
    names.set(tool.name, word(draw, 5, 15))
    const properties = isObject(tool.parameters['properties']) ? tool.parameters['properties'] : {}
    parameters.set(tool.name, new Map(Object.keys(properties).map((name) => [name, word(draw, 4, 10)])))
  }
  const defaults = new Map(row.tools.map((tool) => [tool.name, newDefaults(tool, row.answer, draw, replaced)]))
  const rename = (call: ToolCall): ToolCall => ({
    name: names.get(call.name) ?? call.name,
    arguments: mapEntries(call.arguments, (name, value) => {
      const change = defaults.get(call.name)?.get(name)
      const fresh = change && dumpJson(change.from) === dumpJson(value) ? change.to : value
      return [parameters.get(call.name)?.get(name) ?? name, fresh]
    }),
  })
  return {
    ...row,
    id: `${row.id}~masked`,
    messages: row.messages.map((message) => ({
      ...message,
      content: message.role === 'user' ? replaceAll(message.content, replaced) : message.content,
      ...(message.tool_calls ? { tool_calls: message.tool_calls.map(rename) } : {}),
    })),
    tools: row.tools.map((tool) =>
      maskTool(tool, names.get(tool.name)!, parameters.get(tool.name)!, defaults.get(tool.name)!),
    ),
    answer: row.answer.map(rename),
    meta: { ...row.meta, augmented: 'masked' },
  }
}

interface Change {
  from: Json
  to: Json
}

/** Defaults that an answer repeats, by parameter: those alone can change without changing what is asked. */
function newDefaults(
  tool: Tool,
  answer: readonly ToolCall[],
  draw: () => number,
  replaced: [string, string][],
): Map<string, Change> {
  const changes = new Map<string, Change>()
  const properties = isObject(tool.parameters['properties']) ? tool.parameters['properties'] : {}
  for (const [name, property] of Object.entries(properties)) {
    const from = isObject(property) ? property['default'] : undefined
    if (from === undefined || from === null || from === '' || typeof from === 'object' || typeof from === 'boolean')
      continue
    const text = dumpJson(from)
    if (
      !answer.some(
        (call) => call.name === tool.name && name in call.arguments && dumpJson(call.arguments[name]!) === text,
      )
    )
      continue
    const to = typeof from === 'string' ? word(draw, 5, 5) : Number(from) + 1 + Math.floor(draw() * 4)
    changes.set(name, { from, to })
    replaced.push([String(from), String(to)])
  }
  return changes
}

function maskTool(tool: Tool, name: string, parameters: Map<string, string>, defaults: Map<string, Change>): Tool {
  const schema: JsonObject = { ...tool.parameters }
  if (isObject(schema['properties'])) {
    schema['properties'] = mapEntries(schema['properties'], (parameter, property) => {
      const change = defaults.get(parameter)
      return [
        parameters.get(parameter) ?? parameter,
        change && isObject(property) ? withDefault(property, change) : property,
      ]
    })
  }
  if (Array.isArray(schema['required'])) {
    schema['required'] = schema['required'].map((each) =>
      typeof each === 'string' ? (parameters.get(each) ?? each) : each,
    )
  }
  return { ...tool, name, parameters: schema }
}

function withDefault(property: JsonObject, { from, to }: Change): JsonObject {
  const description = property['description']
  return {
    ...property,
    default: to,
    ...(typeof description === 'string' ? { description: replaceAll(description, [[String(from), String(to)]]) } : {}),
  }
}

/** Whole words only: a default of 2 is no part of the year 2024. */
function replaceAll(text: string, replaced: readonly [string, string][]): string {
  return replaced.reduce((result, [from, to]) => {
    const spellings = [from, capital(from), from.toLowerCase(), from.toUpperCase()].map((spelling) =>
      RegExp.escape(spelling),
    )
    return result.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${spellings.join('|')})(?![\\p{L}\\p{N}])`, 'gu'), () => to)
  }, text)
}

function word(draw: () => number, least: number, most: number): string {
  const length = least + Math.floor(draw() * (most - least + 1))
  return Array.from({ length }, () => ALPHABET[Math.floor(draw() * ALPHABET.length)]).join('')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.0123456789'
const MASKING = 4

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase()

function mapEntries(object: JsonObject, change: (key: string, value: Json) => [string, Json]): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => change(key, value)))
}
