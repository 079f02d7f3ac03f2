// Tool-N1's reward as the paper states it: thinking, then exactly one block of calls, nothing else; no call where none is right.
import { isObject, parseJson, type Json, type JsonObject } from '../../text/json.ts'
import { count, strip } from '../../text/python/text.ts'
import { matchCalls } from './match.ts'
import { faulty, type Sample, type Verdict } from '../reward.ts'
import { makeVerdict, type Reading, type Variant } from './tool-n1-variants.ts'

/**
 * The variant's points for a reply read strictly. Differs from the published code in what counts as thinking (one pair of tags,
 * first), as format (one block, last; a list of {name, arguments} and no other key) and as right when no call is.
 */
export function scoreToolN1Strict({ completion, truth }: Sample, variant: Variant): Verdict {
  try {
    const parsed: Json = typeof truth === 'string' ? parseJson(truth) : [...truth]
    const answer = typeof parsed === 'string' ? parseJson(parsed) : parsed
    const { think, body, reasons } = layout(withoutEnd(strip(completion)))
    const calls = body === null ? [] : body === undefined ? undefined : readCalls(body, reasons)
    let reading: Reading = 'unreadable'
    if (calls) {
      const match = matchCalls(calls, answer)
      reading = match === 2 ? 'calls' : match === 1 ? 'names' : 'other'
      if (match < 2) reasons.push(match === 1 ? 'right names, wrong arguments' : 'wrong names or number of calls')
    }
    const outcome = { think, reading }
    return makeVerdict(variant.points(outcome), outcome, reasons)
  } catch (error) {
    return faulty(error)
  }
}

interface Layout {
  think: boolean
  /** Text of the one block; null for a reply without any block tag; undefined where the tags are out of order. */
  body: string | null | undefined
  reasons: string[]
}

function layout(text: string): Layout {
  const reasons: string[] = []
  const close = text.indexOf('</think>')
  const think = text.startsWith('<think>') && close > 0 && count(text, '<think>') === 1 && count(text, '</think>') === 1
  if (!think) reasons.push('the reply does not begin with one <think> … </think>')
  const reply = strip(think ? text.slice(close + '</think>'.length) : text)
  const [opened, closed] = [count(reply, '<tool_call>'), count(reply, '</tool_call>')]
  if (opened === 0 && closed === 0) return { think, body: null, reasons }
  if (opened === 1 && closed === 1 && reply.startsWith('<tool_call>') && reply.endsWith('</tool_call>')) {
    return { think, body: strip(reply.slice('<tool_call>'.length, -'</tool_call>'.length)), reasons }
  }
  reasons.push(opened === 1 && closed === 1 ? 'text around the <tool_call> block' : 'not exactly one <tool_call> block')
  return { think, body: undefined, reasons }
}

function readCalls(body: string, reasons: string[]): JsonObject[] | undefined {
  let value: Json
  try {
    value = parseJson(body)
  } catch {
    reasons.push('the <tool_call> block holds no JSON')
    return undefined
  }
  if (Array.isArray(value) && value.every((call) => isObject(call)) && value.every(isExactCall)) return value
  reasons.push('not a list of objects with exactly "name" (text) and "arguments" (object)')
  return undefined
}

function isExactCall(call: JsonObject): boolean {
  return Object.keys(call).length === 2 && typeof call['name'] === 'string' && isObject(call['arguments'])
}

/** End-of-turn tokens that a decoder may have left at the end. */
function withoutEnd(text: string): string {
  const end = ['<|im_end|>', '<|eot_id|>', '<|endoftext|>'].find((token) => text.endsWith(token))
  return end === undefined ? text : withoutEnd(strip(text.slice(0, -end.length)))
}
