// ToolACE: tools inside the system text, turns in the hub's or ShareGPT's role names, calls in a language of their own.
import { isToolaceCompatCall, parseToolaceCompat, toolsOfSystem } from '../../dialogue/call/toolace-tool-n1.ts'
import { JsonError, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { PythonError } from '../../text/python/value.ts'
import type { ToolCall } from '../../dialogue/row.ts'
import { toCalls } from '../calls.ts'
import { spanOf } from '../../text/json/scan.ts'
import { isCallRole, toRole } from '../roles.ts'
import { arrayAt, jsonIn, kindOf, Rejection, stringAt, type Source, type Turn } from '../source.ts'
import { parseToolaceCalls } from '../toolace-call.ts'

export const toolace: Source = {
  what: 'ToolACE (Team-ACE/ToolACE, Apache-2.0)',
  recognises: (record) =>
    typeof record['system'] === 'string' &&
    record['system'].includes(INTRODUCTION) &&
    Array.isArray(record['conversations']),
  convert(record) {
    const tools = readTools(stringAt(record, 'system'))
    const names = tools.flatMap((tool) => (isObject(tool) && typeof tool['name'] === 'string' ? [tool['name']] : []))
    return { tools, turns: readTurns(record, (text) => parseToolaceCalls(text, names)), meta: {} }
  },
  compat: {
    'tool-n1'(record) {
      const tools = compatTools(stringAt(record, 'system'))
      const turns = readTurns(record, compatCalls)
      const first = turns.findIndex((turn) => turn.tool_calls !== undefined)
      const last = turns.at(-1)?.role === 'assistant' ? turns.length - 1 : turns.length
      const answer: Turn = first < 0 ? { role: 'assistant', content: '', tool_calls: [] } : turns[first]!
      return { tools, turns: [...turns.slice(0, first < 0 ? last : first), answer], meta: {} }
    },
  },
}

const INTRODUCTION = 'functions in JSON format that you can invoke:'

/** The array that follows the introduction, whatever stands after it. */
function readTools(system: string): Json[] {
  const start = system.indexOf('[', system.indexOf(INTRODUCTION))
  const { end, closed } = spanOf(system, start)
  if (!closed) throw new Rejection('bad-tools', 'the system text holds no complete list of functions')
  return arrayAt({ tools: system.slice(start, end) }, 'tools', 'bad-tools')
}

/** Assistant text in brackets is a call. Text that looks like one and cannot be read is a fault. */
function readTurns(record: JsonObject, parse: (text: string) => ToolCall[] | undefined): Turn[] {
  return arrayAt(record, 'conversations').map((turn) => {
    if (!isObject(turn)) throw new Rejection('wrong-shape', `a turn is ${kindOf(turn)}, expected an object`)
    const role = toRole(turn['from'] ?? turn['role'])
    const content = stringAt(turn, turn['value'] === undefined ? 'content' : 'value')
    if (role !== 'assistant') return { role, content }
    const json = isCallRole(turn['from'] ?? turn['role']) ? jsonIn(content) : undefined
    if (json !== undefined) return { role, content: '', tool_calls: toCalls(json) }
    const calls = parse(content)
    if (calls && calls.length > 0) return { role, content: '', tool_calls: calls }
    return looksLikeCalls(content)
      ? { role, content, fault: `cannot be read as calls: ${content.slice(0, 100)}` }
      : { role, content }
  })
}

/** `[… (…)]` on a line. */
function looksLikeCalls(content: string): boolean {
  const text = content.trim()
  if (!text.startsWith('[') || !text.endsWith(']')) return false
  const inner = text.slice(1, -1).trimEnd()
  return inner.endsWith(')') && inner.includes('(') && !inner.includes('\n')
}

function compatCalls(text: string): ToolCall[] | undefined {
  try {
    return isToolaceCompatCall(text) ? parseToolaceCompat(text) : undefined
  } catch (error) {
    if (error instanceof PythonError) return undefined
    throw error
  }
}

function compatTools(system: string): Json[] {
  let tools: Json | undefined
  try {
    tools = toolsOfSystem(system)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Rejection('bad-tools', `the list of functions is not JSON: ${error.message}`)
  }
  if (!Array.isArray(tools) || tools.length === 0) throw new Rejection('bad-tools', 'the system text yields no tools')
  return tools
}
