// The rule-based rewards of Nemotron-Research-Tool-N1, value for value (NVlabs/Tool-N1@f9b4849, reward_score/toolcall.py).
import { isObject, JsonError, parseJson, type Json, type JsonObject } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'
import { matchCalls, type Match } from './match.ts'
import { faulty, Raised, type Sample, type Verdict } from '../reward.ts'
import { makeVerdict, verdictsOf, type Reading, type Variant } from './tool-n1-variants.ts'

/** The published code as a function of a sample: its value, and where it raises, 0 and the exception's name. */
export function toolN1(variant: Variant): (sample: Sample) => Verdict {
  const verdicts = verdictsOf(variant)
  return ({ completion, truth }) => {
    try {
      const expected: Json = typeof truth === 'string' ? parseJson(truth) : [...truth]
      const text = afterPrompt(completion, variant.marker)
      const body = lastBlock(text)
      const reply = body === undefined ? undefined : strip(body)
      // The right answer is often given word for word.
      let calls = reply === undefined ? null : reply === truth ? expected : readOrNull(reply)
      if (typeof calls === 'string') calls = variant.llama ? parseJson(calls) : readOrNull(calls)
      const answer = typeof expected === 'string' ? parseJson(expected) : expected
      if (variant.llama && body === undefined) return withoutBlock(answer)
      const think = text.includes('<think>') && text.includes('</think>')
      return verdicts[read(calls, body, think, answer, variant)][think ? 1 : 0]
    } catch (error) {
      return faulty(error)
    }
  }
}

/** From the last marker of a reply on. Looked for forwards first: most completions stand without their prompt. */
function afterPrompt(completion: string, marker: string): string {
  return completion.includes(marker, 1) ? completion.slice(completion.lastIndexOf(marker)) : completion
}

const READINGS: Record<Match, Reading> = { 0: 'other', 1: 'names', 2: 'calls' }

function read(calls: Json, body: string | undefined, think: boolean, answer: Json, { thinkFirst }: Variant): Reading {
  if (calls === null) return body === undefined ? 'absent' : 'unreadable'
  if (thinkFirst && !think) return 'unjudged'
  const wellFormed = wellFormedCalls(isObject(calls) ? [calls] : calls)
  return wellFormed ? READINGS[matchCalls(wellFormed, answer)] : 'misshapen'
}

/** llama: the reply without a block is right where no call is, thinking or not. */
function withoutBlock(answer: Json): Verdict {
  const isRight = matchCalls([], answer) === 2
  return makeVerdict(
    isRight ? 1 : 0,
    { think: false, reading: isRight ? 'calls' : 'absent' },
    isRight ? [] : ['no <tool_call> block'],
  )
}

/** Body of the last of the non-overlapping blocks, each ending at the first closing tag, found in one pass. */
function lastBlock(text: string): string | undefined {
  let body: string | undefined
  for (let open = text.indexOf(OPEN); open >= 0;) {
    const close = text.indexOf(CLOSE, open + OPEN.length)
    if (close < 0) break
    body = text.slice(open + OPEN.length, close)
    open = text.indexOf(OPEN, close + CLOSE.length)
  }
  return body
}

const OPEN = '<tool_call>'
const CLOSE = '</tool_call>'

function readOrNull(text: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError && error.fault === 'JSONDecodeError') return null
    throw error
  }
}

/** The items of `calls` where each is an object with both keys. Empty text is an empty list, as Python iterates it. */
function wellFormedCalls(calls: Json): JsonObject[] | undefined {
  if (calls === '') return []
  if (typeof calls === 'string') return undefined
  if (!Array.isArray(calls)) throw new Raised('TypeError', 'the block holds neither a list nor an object')
  return calls.every((call) => isObject(call)) &&
    calls.every((call) => Object.hasOwn(call, 'name') && Object.hasOwn(call, 'arguments'))
    ? calls
    : undefined
}
