// Calls that a data set writes into the text of a turn: read where a call format has them, else named, never taken for "no call".
import { callFormats } from '../dialogue/call.ts'
import type { Parsed } from '../dialogue/call/format.ts'
import { Malformed } from '../dialogue/call/read.ts'
import { parseTagged } from '../dialogue/call/tagged.ts'
import { isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { literalEval } from '../text/python.ts'
import { toJson } from '../text/python/json.ts'
import { stripOf } from '../text/python/text.ts'
import { PythonError } from '../text/python/value.ts'
import { toCalls } from './calls.ts'
import { Rejection, type Turn } from './source.ts'

/** What opens a call in some spelling. */
const MARKS =
  /<\/?tool_calls?>|<function_?calls?>|<function=|<invoke\b|\[TOOL_CALLS\]|<\|python_tag\|>|<[|｜]tool[_▁]calls?|<｜DSML｜|\bto=functions\./u
/** ReAct's. */
const ACTION = /^[^\S\n]*Action:([^\n]*)\n\s*Action Input:/m

/** The turn with the calls that its text holds. Outside <tool_call> tags a call counts where its tool is on offer. */
export function withWrittenCalls(turn: Turn, tools: ReadonlySet<string>): Turn {
  if (turn.role !== 'assistant' || turn.tool_calls !== undefined || turn.fault !== undefined) return turn
  const { content } = turn
  const mark = MARKS.exec(content)?.[0]
  if (mark === '<tool_call>') {
    const parsed = parseTagged(content, { open: mark, close: '</tool_call>', read: readBlock })
    if (parsed.fault === null && parsed.calls.length > 0) return spoken(turn, parsed)
  }
  // Of several formats that read it, the one that leaves least.
  const read = ([...tools].some((name) => content.includes(name)) ? readers : [])
    .map(({ parse }) => parse(content))
    .filter(({ fault, calls }) => fault === null && calls.length > 0 && calls.every(({ name }) => tools.has(name)))
    .toSorted((a, b) => a.rest.length - b.rest.length)[0]
  if (read) return spoken(turn, read)
  const action = stripOf(ACTION.exec(content)?.[1] ?? '', ` "'\``)
  if (mark === undefined && !tools.has(action)) return turn
  return { ...turn, fault: `holds a call in a spelling that is not read: ${content.slice(0, 100)}` }
}

/** Tool-N1's reading of ToolACE takes prose for calls. */
const readers = Object.entries(callFormats).flatMap(([name, format]) => (name === 'toolace-tool-n1' ? [] : [format]))

function spoken(turn: Turn, { calls, rest, think }: Parsed): Turn {
  const tool_calls = calls.map(({ name, arguments: values }) => ({ name, arguments: isObject(values) ? values : {} }))
  const thought = think === null || think === '' ? {} : { reasoning_content: think }
  return { ...thought, ...turn, content: rest, tool_calls }
}

/** Calls as JSON or, in hermes-function-calling, as a Python dict. @throws Malformed */
function readBlock(body: string) {
  for (const read of [parseJson, (text: string): Json => toJson(literalEval(text))]) {
    try {
      return toCalls(read(body))
    } catch (error) {
      if (error instanceof Rejection) throw new Malformed(error.message)
      if (!(error instanceof JsonError) && !(error instanceof PythonError)) throw error
    }
  }
  throw new Malformed('neither JSON nor a Python dict')
}
