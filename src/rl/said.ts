// What a turn of the model says, what it comes to with the answer, and how much of an answer is kept.
import { findFormat, type FormatName } from '../dialogue/call.ts'
import type { Parsed } from '../dialogue/call/format.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Message, ToolCall } from '../dialogue/row.ts'
import type { Completion } from '../gpu/policy/session.ts'
import { isObject } from '../text/json.ts'
import type { Observation, Said } from './environment.ts'
import type { Outcome } from './record.ts'

/** The turn as text, behind the thought that its prompt opened, and the calls in it. */
export function saidIn(
  { ids }: Completion,
  opened: string,
  { tokenizer, format }: { tokenizer: Tokenizer; format: FormatName },
): Said & Parsed {
  const own = tokenizer.eosIds.includes(ids.at(-1) ?? -1) ? ids.slice(0, -1) : ids
  const text = opened + tokenizer.decode(own)
  return { text, ...findFormat(format).parse(text) }
}

/** The same as a message of the dialogue. */
export function messageOf({ think, rest, calls }: Parsed): Message {
  const known = calls.flatMap(({ name, arguments: values }): ToolCall[] =>
    isObject(values) ? [{ name, arguments: values }] : [],
  )
  return {
    role: 'assistant',
    content: rest,
    ...(known.length > 0 && { tool_calls: known }),
    ...(think !== null && { reasoning_content: think }),
  }
}

/** What an episode has come to with what was said to a turn of it. */
export function noted(
  before: Outcome,
  { reward, metrics = {}, fault, answer }: Observation,
): Pick<Outcome, 'reward' | 'metrics' | 'fault' | 'answer'> {
  const sums = { ...before.metrics }
  for (const [name, value] of Object.entries(metrics)) sums[name] = (sums[name] ?? 0) + value
  return {
    reward: reward === undefined ? before.reward : (before.reward ?? 0) + reward,
    metrics: sums,
    fault: before.fault ?? fault ?? null,
    ...(answer !== undefined && { answer }),
  }
}

/** Characters of a text of which no more than that many tokens can be kept. */
const LONGEST_TOKEN = 16

/** A message of at most so many tokens: of a longer one the middle goes. */
export function shortened(
  text: string,
  { tokenizer, toolResultTokens: most }: { tokenizer: Tokenizer; toolResultTokens: number },
): string {
  const reach = most * LONGEST_TOKEN
  const near = text.length > 2 * reach ? text.slice(0, reach) + text.slice(-reach) : text
  const ids = tokenizer.encode(near)
  if (ids.length <= most && near === text) return text
  const half = Math.max(1, most >> 1)
  const [head, tail] = [tokenizer.decode(ids.slice(0, half)), tokenizer.decode(ids.slice(-half))]
  return `${head}\n… (${text.length} characters in all)\n${tail}`
}
