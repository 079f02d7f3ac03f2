// The tagged plain text of ToolRL and its API-Bank files: tools as a numbered list, history in <user>, <obs>, <response> tags.
import { parseJson, JsonError, type Json } from '../text/json.ts'
import { literalEval } from '../text/python.ts'
import { toJson } from '../text/python/json.ts'
import { PythonError } from '../text/python/value.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { toCalls } from './calls.ts'
import { spanOf } from '../text/json/scan.ts'
import { callTurn } from './roles.ts'
import { Rejection, type Turn } from './source.ts'

/** The heading over the list of tools. */
export const TAGGED_TOOLS = '**Available Tools**'

/** Tools of the numbered list: "1. Name: X / Description: … / Parameters: {…}" or "1. X: … / Parameters: {…}". The map is JSON or a Python dict. @throws Rejection */
export function readTaggedTools(system: string): Json[] {
  const start = system.indexOf(TAGGED_TOOLS)
  if (start < 0) throw new Rejection('bad-tools', `the system text lacks "${TAGGED_TOOLS}"`)
  const end = system.indexOf('\n\n**', start + TAGGED_TOOLS.length)
  const list = system.slice(start, end < 0 ? undefined : end)
  const heads = [...list.matchAll(/^\d+\. (?:Name: )?/gm)]
  const tools = heads.flatMap((head, i) => {
    const text = list.slice(head.index + head[0].length, heads[i + 1]?.index)
    return text.includes('\nParameters:') ? [readTool(text, head[0].endsWith('Name: '))] : []
  })
  return tools
}

function readTool(text: string, named: boolean): Json {
  const at = text.indexOf('\nParameters:')
  const head = text.slice(0, at)
  const split = named ? head.indexOf('\nDescription:') : head.indexOf(':')
  const name = (split < 0 ? head : head.slice(0, split)).trim()
  const description = split < 0 ? '' : head.slice(head.indexOf(':', split) + 1).trim()
  return { name, description, parameters: readMap(text.slice(at + '\nParameters:'.length).trim(), name) }
}

function readMap(text: string, name: string): Json {
  for (const read of [parseJson, (source: string) => toJson(literalEval(source))]) {
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof JsonError) && !(error instanceof PythonError)) throw error
    }
  }
  throw new Rejection('bad-tools', `the parameters of ${name} are neither JSON nor a Python dict`)
}

/** Turns of the dialogue so far. Text outside the tags carries nothing but headings. @throws Rejection */
export function readTaggedHistory(text: string): Turn[] {
  const turns: Turn[] = []
  for (const [, tag, body] of text.matchAll(TAGS)) {
    const content = body!.trim()
    if (tag === 'user') turns.push({ role: 'user', content })
    else if (tag === 'obs') turns.push({ role: 'tool', content })
    else if (tag === 'response') turns.push({ role: 'assistant', content })
    else if (tag === 'tool_call') turns.push(callTurn(readTaggedCalls(content)))
  }
  if (turns.length === 0) throw new Rejection('no-question', 'the history holds no tagged turn')
  return turns
}

/** The decision that a row teaches: calls, a response, or both; and the thought before it. @throws Rejection */
export function readTaggedDecision(text: string): { turn: Turn; think: string | undefined } {
  const think = /<think>([\s\S]*?)<\/think>/.exec(text)?.[1]?.trim()
  const rest = text.replace(/<think>[\s\S]*?<\/think>/, '')
  const calls = /<tool_call>([\s\S]*?)<\/tool_call>/.exec(rest)
  const response = /<response>([\s\S]*?)<\/response>/.exec(rest)?.[1]?.trim() ?? ''
  if (!calls && response === '') throw new Rejection('no-answer', 'the output holds neither <tool_call> nor <response>')
  return { turn: callTurn(calls ? readTaggedCalls(calls[1]!) : [], response), think }
}

/** JSON objects one after another, a line each or not. @throws Rejection 'bad-call' */
function readTaggedCalls(text: string): ToolCall[] {
  const calls: ToolCall[] = []
  for (let at = text.search(/\S/); at >= 0 && at < text.length;) {
    const { end, closed } = spanOf(text, at)
    if (!closed) throw new Rejection('bad-call', `a call is no JSON object: ${text.slice(at, at + 80)}`)
    calls.push(...toCalls(text.slice(at, end)))
    const next = text.slice(end).search(/\S/)
    at = next < 0 ? -1 : end + next
  }
  return calls
}

const TAGS = /<(user|think|tool_call|obs|response)>([\s\S]*?)<\/\1>/g
