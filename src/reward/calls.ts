// Rewards of the calls themselves, in any format that a parser reads: right format, names, parameters, values, all of it.
import type { Call } from '../dialogue/call/format.ts'
import { findFormat, callFormats } from '../dialogue/call.ts'
import { exactMatch, matchParts } from '../eval/match.ts'
import { isObject, parseJson, type Json } from '../text/json.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

export interface CallPart {
  what: string
  /** Share in [0, 1], or null where there is nothing to judge; `reasons` hears what is missing. */
  judge(calls: readonly Call[], answer: readonly Call[], reasons: string[]): number | null
}

/** Part → rule. The variant of each is the parser that reads the completion. A reply that no parser takes whole earns 0. */
export const CALL_PARTS: Record<string, CallPart> = {
  calls: {
    what: 'the expected calls exactly, in any order',
    judge: (calls, answer) => (exactMatch(calls, answer) ? 1 : 0),
  },
  names: {
    what: 'F1 of the names of the calls',
    judge: (calls, answer) => matchParts(calls, answer).names,
  },
  parameters: {
    what: "F1 of the parameters' names; not applicable where no call is right",
    judge: (calls, answer) => (answer.length === 0 ? null : matchParts(calls, answer).parameters),
  },
  values: {
    what: 'F1 of the parameters with their values; not applicable where no call is right',
    judge: (calls, answer) => (answer.length === 0 ? null : matchParts(calls, answer).values),
  },
}

/** Names of call formats, as variants of a reward. */
export const PARSER_VARIANTS: Record<string, { what: string }> = callFormats

/** One part of the calls that `parserName` reads. */
export function callPartScorer(name: string, part: CallPart, parserName: string): (sample: Sample) => Verdict {
  const parser = findFormat(parserName)
  return ({ completion, truth }) => {
    try {
      const answer = expectedCalls(truth)
      const { calls, fault } = parser.parse(completion)
      const reasons = fault === null ? [] : [fault]
      const share = fault === null ? part.judge(calls, answer, reasons) : 0
      if (share === null) return { score: 0, parts: { [name]: null }, fault: null, notApplicable: true, reasons }
      if (share < 1 && fault === null) reasons.push(`${name}: ${calls.length} calls, ${answer.length} expected`)
      return { score: share, parts: { [name]: share }, fault: null, reasons }
    } catch (error) {
      return faulty(error)
    }
  }
}

/** 1 where the parser reads the completion without a fault. */
export function formatScorer(parserName: string): (sample: Sample) => Verdict {
  const parser = findFormat(parserName)
  return ({ completion }) => {
    const { fault } = parser.parse(completion)
    const share = fault === null ? 1 : 0
    return { score: share, parts: { format: share }, fault: null, reasons: fault === null ? [] : [fault] }
  }
}

/** Expected calls as given, or out of their JSON text. @throws JsonError, Raised */
export function expectedCalls(truth: Sample['truth']): Call[] {
  let value: Json = typeof truth === 'string' ? parseJson(truth) : [...truth]
  if (typeof value === 'string') value = parseJson(value)
  const items = Array.isArray(value) ? value : [value]
  return items.map((item) => {
    if (!isObject(item)) throw new Raised('TypeError', 'an expected call must be an object')
    const { name, arguments: given } = item
    if (typeof name !== 'string' || given === undefined)
      throw new Raised('KeyError', 'an expected call needs "name" and "arguments"')
    return { name, arguments: given }
  })
}
