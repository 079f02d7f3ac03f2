// Any hone rows as a benchmark: exact match, parts of calls, several samples of a row, and how well refusal is calibrated.
import type { Call, Parsed } from '../../dialogue/call/format.ts'
import { findFormat, isFormatName } from '../../dialogue/call.ts'
import { HoneError } from '../../error.ts'
import { dumpJson, isObject, type Json } from '../../text/json.ts'
import { readRows } from '../../data/rows.ts'
import { completionIn, type HoneRow } from '../../dialogue/row.ts'
import type { Benchmark, Judged, Response } from '../benchmark.ts'
import { hammerCounts } from '../hammer.ts'
import { callsKey, exactMatch, matchParts } from '../match.ts'
import { scores } from './scores.ts'

/** Reads a response that does not say in which format it was asked for. */
const PARSER = 'tool-n1'

export const rows: Benchmark = {
  what: 'hone rows: the calls of a response against the row’s answer',
  forms: { text: 'tool-n1', chat: 'native' },
  asTrained: true,
  categories: [],
  async *items(file) {
    for await (const { id, messages, tools, answer, meta } of readRows(file))
      yield { record: { id }, asked: { messages, tools }, right: { answer, meta } }
  },
  mode: (format) => format,
  reader: (mode, { parser }) => parser ?? (mode || PARSER),
  parsed: (calls) => ({
    response: null,
    calls: calls.map(({ name, arguments: values }) => ({ name, arguments: values })),
  }),
  async open(file, { parser: named }) {
    if (named !== undefined) findFormat(named)
    const parserOf = (mode: Json | undefined) =>
      findFormat(named ?? (typeof mode === 'string' && isFormatName(mode) ? mode : PARSER))
    const known = new Map<string, HoneRow>()
    for await (const row of readRows(file)) known.set(row.id, row)
    return {
      judge({ record, at }: Response): Judged {
        const { id } = record
        const calls = [record['tool_calls'], record['calls']].find(Array.isArray)
        // Rows of other programs, and those that training writes at an evaluation, name the text otherwise.
        const response = completionIn(record) ?? null
        const row = known.get(String(id))
        if (!row) throw new HoneError(`Cannot judge the response: ${file} has no row ${JSON.stringify(id)}`, { at })
        const parsed =
          calls && typeof response !== 'string'
            ? asParsed(calls, at)
            : parserOf(record['mode']).parse(
                typeof response === 'string' ? response : response === null ? '' : dumpJson(response),
              )
        const exact = isExact(parsed, row)
        return {
          id: row.id,
          category: row.source,
          score: exact ? 1 : 0,
          judgement: {
            verdict: exact,
            error_type: exact ? null : errorType(parsed, row.answer),
            fault: parsed.fault,
            parts: { ...matchParts(parsed.calls, row.answer) },
            expects_call: row.answer.length > 0,
            calls: parsed.calls.length,
            answer_key: callsKey(parsed.calls),
            hammer: { ...hammerCounts(parsed.fault === null ? parsed.calls : null, row.answer) },
          },
          response: response ?? calls ?? null,
        }
      },
      scores,
      notes(judged) {
        const absent = judged.filter(({ id }) => callsAbsentTool(known.get(id)))
        return absent.length === 0
          ? []
          : [`${absent.length} of your responses answer rows whose answer calls a tool that is not on offer.`]
      },
    }
  },
}

/** True where the calls read from a response are those of the row's answer, as multisets. */
export function isExact({ fault, calls }: Parsed, { answer }: Pick<HoneRow, 'answer'>): boolean {
  return fault === null && exactMatch(calls, answer)
}

function callsAbsentTool(row: HoneRow | undefined): boolean {
  return row?.answer.some(({ name }) => !row.tools.some((tool) => tool.name === name)) ?? false
}

/** The first thing that is wrong, from the coarse to the fine. */
function errorType({ calls, fault }: Parsed, answer: readonly Call[]): string {
  if (fault !== null) return 'unreadable_call'
  if (answer.length === 0) return 'call_where_none_fits'
  if (calls.length === 0) return 'no_call'
  const { count, names, parameters } = matchParts(calls, answer)
  if (names < 1) return count < 1 ? 'wrong_count' : 'wrong_tool'
  return parameters < 1 ? 'wrong_parameters' : 'wrong_value'
}

function asParsed(calls: Json[], at: string): Parsed {
  const read = calls.map((call): Call => {
    if (!isObject(call) || typeof call['name'] !== 'string')
      throw new HoneError('Cannot read the calls of a response: expected {"name", "arguments"}', { at })
    return { name: call['name'], arguments: call['arguments'] ?? {} }
  })
  const broken = read.find(({ arguments: values }) => !isObject(values))
  const fault = broken ? `malformed: the arguments of ${broken.name} are no JSON object` : null
  return { think: null, calls: read, rest: '', fault }
}
