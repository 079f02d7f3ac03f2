// The rule-based rewards of Nemotron-Research-Tool-N1, value for value (NVlabs/Tool-N1@f9b4849, reward_score/toolcall.py).
import { isObject, JsonError, parseJson, type Json, type JsonObject } from '../json.ts'
import { strip } from '../python-text.ts'
import { matchCalls, type Match } from './match.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

/** What the rules look at: are there think tags, was a call read, is it well formed, does it match. */
export interface Outcome {
  think: boolean
  read: boolean
  format: boolean
  match: Match
}

export interface Variant {
  what: string
  marker: string
  /** Without think tags the published code returns before it looks at the calls. */
  thinkFirst: boolean
  /** llama: no block at all counts as an empty list of calls, and text inside JSON text must be JSON. */
  llama: boolean
  points(outcome: Outcome): number
}

const QWEN = { marker: '<|im_start|>assistant', thinkFirst: false, llama: false }

const isRight = ({ format, match }: Outcome): boolean => format && match === 2

/** prompt_type of the published code → rule. v0 is the paper's binary reward. */
export const VARIANTS: Record<string, Variant> = {
  v0: {
    ...QWEN,
    what: 'binary: think tags, format and exact calls',
    thinkFirst: true,
    points: (o) => (o.think && isRight(o) ? 1 : 0),
  },
  llama: {
    what: 'binary with Llama 3 markers; no block is right when no call is',
    marker: '<|start_header_id|>assistant<|end_header_id|>',
    thinkFirst: true,
    llama: true,
    points: (o) => (o.think && isRight(o) ? 1 : 0),
  },
  lexico: {
    ...QWEN,
    what: 'right calls first, then thinking: 1.2, 1, 0, -0.2',
    points: (o) => (!o.read ? 0 : isRight(o) ? (o.think ? 1.2 : 1) : o.think ? -0.2 : 0),
  },
  'wo-reason': { ...QWEN, what: 'binary without the think tags', points: (o) => (isRight(o) ? 1 : 0) },
  'partial-reason': {
    ...QWEN,
    what: '0.2 for thinking, 0.8 for right calls',
    points: (o) => (o.think ? 0.2 : 0) + (isRight(o) ? 0.8 : 0),
  },
  'partial-reason-funcname': {
    ...QWEN,
    what: 'partial-reason and 0.2 for right names alone',
    points: (o) => (o.think ? 0.2 : 0) + (isRight(o) ? 0.8 : o.format && o.match === 1 ? 0.2 : 0),
  },
}

/** Points for the reply's form alone: think tags and well-formed calls. */
export const FORMAT_ONLY: Variant = {
  ...QWEN,
  what: 'think tags and well-formed calls',
  points: (o) => (o.think && o.format ? 1 : 0),
}

/** The published code's value; where it raises, 0 and the exception's name. */
export function scoreToolN1(sample: Sample, variant: Variant): Verdict {
  try {
    return judge(sample, variant)
  } catch (error) {
    return faulty(error)
  }
}

function judge({ completion, truth }: Sample, variant: Variant): Verdict {
  const expected: Json = typeof truth === 'string' ? parseJson(truth) : [...truth]
  const start = completion.lastIndexOf(variant.marker)
  const text = start > 0 ? completion.slice(start) : completion
  const body = lastBlock(text)
  let calls = body === undefined ? null : readOrNull(strip(body))
  if (typeof calls === 'string') calls = variant.llama ? parseJson(calls) : readOrNull(calls)
  if (isObject(calls)) calls = [calls]
  const answer = typeof expected === 'string' ? parseJson(expected) : expected

  if (variant.llama && body === undefined) return withoutBlock(answer)
  const think = text.includes('<think>') && text.includes('</think>')
  const reasons: string[] = think ? [] : ['no <think> and </think>']
  const outcome: Outcome = { think, read: calls !== null, format: false, match: 0 }
  if (calls === null)
    reasons.push(body === undefined ? 'no <tool_call> block' : 'the last <tool_call> block holds no JSON')
  else if (think || !variant.thinkFirst) {
    const wellFormed = wellFormedCalls(calls)
    if (!wellFormed) reasons.push('not a list of objects with "name" and "arguments"')
    else {
      outcome.format = true
      outcome.match = matchCalls(wellFormed, answer)
      if (outcome.match < 2)
        reasons.push(outcome.match === 1 ? 'right names, wrong arguments' : 'wrong names or number of calls')
    }
  }
  return verdictOf(variant.points(outcome), outcome, reasons)
}

export function verdictOf(score: number, { think, format, match }: Outcome, reasons: readonly string[]): Verdict {
  return {
    score,
    parts: { think: Number(think), format: Number(format), names: match > 0 ? 1 : 0, calls: match === 2 ? 1 : 0 },
    fault: null,
    reasons,
  }
}

/** llama: the reply without a block is right where no call is, thinking or not. */
function withoutBlock(answer: Json): Verdict {
  const match = matchCalls([], answer)
  const reasons = match === 2 ? [] : ['no <tool_call> block']
  return verdictOf(match === 2 ? 1 : 0, { think: false, read: false, format: true, match }, reasons)
}

/** Body of the last of the non-overlapping blocks, each ending at the first closing tag, found in one pass. */
export function lastBlock(text: string): string | undefined {
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
