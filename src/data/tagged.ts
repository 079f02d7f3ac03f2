// The tagged plain text of ToolRL and its API-Bank files: tools as a numbered list, history in <user>, <obs>, <response> tags.
import { parseJson, JsonError, type Json } from '../text/json.ts'
import { literalEval } from '../text/python.ts'
import { toJson } from '../text/python/json.ts'
import { PythonError } from '../text/python/value.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { blankOut } from '../dialogue/call/read.ts'
import { callTexts } from '../dialogue/call/values.ts'
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
  for (const { tag, content } of blocksOf(text)) {
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
  const blocks = [...blocksOf(text)]
  const first = (wanted: string) => blocks.find(({ tag }) => tag === wanted)?.content
  const [think, calls, response = ''] = [first('think'), first('tool_call'), first('response')]
  if (calls === undefined && response === '')
    throw new Rejection('no-answer', 'the output holds neither <tool_call> nor <response>')
  return { turn: callTurn(calls === undefined ? [] : readTaggedCalls(calls), response), think }
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

const TAGS = /<(user|think|tool_call|obs|response)>/g

/** What stands between tags, one block after another. A tag in a string of JSON is data; time is linear in the text. */
function* blocksOf(text: string): Generator<{ tag: string; content: string }> {
  const visible = blankOut(text, callTexts(text))
  const unclosed = new Set<string>()
  let from = 0
  for (const open of visible.matchAll(TAGS)) {
    const tag = open[1]!
    if (open.index < from || unclosed.has(tag)) continue
    const start = open.index + open[0].length
    const end = visible.indexOf(`</${tag}>`, start)
    if (end < 0) unclosed.add(tag)
    else {
      yield { tag, content: text.slice(start, end).trim() }
      from = end + tag.length + 3
    }
  }
}
