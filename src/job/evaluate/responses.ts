// A reply as the response that a benchmark judges: its text, or the calls that a server parsed in the benchmark's own spelling.
import type { Call } from '../../dialogue/call/format.ts'
import { pythonCalls } from '../../dialogue/call/write.ts'
import { dumpJson, isObject, type JsonObject } from '../../text/json.ts'
import type { Reply } from '../answer/answerer.ts'

/** How calls that the server has parsed are handed to a benchmark's judge. */
const CALLS: Record<string, (calls: readonly Call[]) => JsonObject> = {
  bfcl: (calls) => ({
    mode: 'tool-calls',
    underscore_to_dot: true,
    response: calls.map(({ name, arguments: values }) => ({ [name]: values })),
  }),
  rows: (calls) => ({
    response: null,
    calls: calls.map(({ name, arguments: values }) => ({ name, arguments: values })),
  }),
  apibank: (calls) => ({
    response: calls.map(({ name, arguments: values }) => dumpJson({ name, parameters: values })).join('\n'),
  }),
  acebench: (calls) => ({
    response: pythonCalls(
      calls.map(({ name, arguments: values }) => ({ name, arguments: isObject(values) ? values : {} })),
    ),
  }),
}

/** The fields `response`, `mode` and whatever else the judge needs. `mode` names what reads a text. */
export function responseOf({ text, calls }: Reply, bench: string, mode: string): JsonObject {
  if (!calls) return { mode, response: text }
  if (calls.length === 0 && bench !== 'bfcl') return { response: text }
  return { ...CALLS[bench]!(calls), ...(text !== '' && { content: text }) }
}
