// Which tokens of a completion are the model's own: only they carry loss, log-probs, entropy and counts.
import type { Completion } from '../gpu/policy/session.ts'
import type { Sampled, Span } from './record.ts'

type Masked = Pick<Sampled, 'ids' | 'trained'>

/** A completion that the model wrote at one stretch: every token is its own. */
export function ownWords({
  ids,
  logprobs,
  finish,
}: Readonly<Omit<Completion, 'ids'>> & { ids: readonly number[] }): Sampled {
  const whole = { from: 0, to: ids.length }
  return {
    ids,
    logprobs,
    trained: [whole],
    turns: [{ role: 'assistant', ...whole }],
    stop: finish === 'length' ? 'max_tokens' : 'completed',
  }
}

/** Where the model's last turn is; empty where it wrote none. */
export function lastTurn({ turns }: Pick<Sampled, 'turns'>): Span {
  return turns.findLast(({ role }) => role === 'assistant') ?? { from: 0, to: 0 }
}

/** How many tokens are trained on: the length of a completion wherever a loss, a reward or a metric speaks of one. */
export function trainedTokens({ trained }: Pick<Sampled, 'trained'>): number {
  return trained.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** How many of them were written for this completion: what it branched off from was written once. */
export function writtenTokens({ trained, branch }: Pick<Sampled, 'trained' | 'branch'>): number {
  const { at } = branch ?? { at: 0 }
  return trained.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, at)), 0)
}

/** How many turns of an environment came for this completion: those of what it branched off from came once. */
export function answeredTurns({ turns, branch }: Pick<Sampled, 'turns' | 'branch'>): number {
  const { at } = branch ?? { at: 0 }
  return turns.filter(({ role, from }) => role !== 'assistant' && from >= at).length
}

/** Of one value per id those of the trained ids. */
export function gather(values: ArrayLike<number>, completion: Masked): ArrayLike<number> {
  if (isWhole(completion)) return values
  const gathered = new Float64Array(trainedTokens(completion))
  let next = 0
  for (const { from, to } of completion.trained) for (let t = from; t < to; t++) gathered[next++] = values[t]!
  return gathered
}

/** The reverse for the engine, as float32: one value per id, exactly 0 at those that are not trained on. */
export function scatter(gathered: ArrayLike<number>, completion: Masked): Float32Array {
  if (isWhole(completion)) return Float32Array.from(gathered)
  const values = new Float32Array(completion.ids.length)
  let next = 0
  for (const { from, to } of completion.trained) for (let t = from; t < to; t++) values[t] = gathered[next++]!
  return values
}

/** 1 for each id that is trained on, 0 for the others. */
export function flagsOf(completion: Masked): (0 | 1)[] {
  return completion.ids.map((_, t) => (completion.trained.some(({ from, to }) => t >= from && t < to) ? 1 : 0))
}

/** The reverse: spans of the flags that are not 0. */
export function spansOf(flags: readonly number[]): Span[] {
  const spans: Span[] = []
  flags.forEach((flag, t) => {
    if (flag === 0) return
    const last = spans.at(-1)
    if (last?.to === t) last.to = t + 1
    else spans.push({ from: t, to: t + 1 })
  })
  return spans
}

/** True where the completion was cut short by want of room. */
export function isTruncated({ stop }: Pick<Sampled, 'stop'>): boolean {
  return stop === 'max_tokens' || stop === 'context_overflow'
}

/** Why an episode that nobody judged stopped before its end: to have called nothing by then is no decision. Undefined where it did not. */
export function cutShort({ stop, outcome }: Pick<Sampled, 'stop' | 'outcome'>): string | undefined {
  if (!outcome || outcome.reward !== undefined) return undefined
  return outcome.fault ?? (stop === 'completed' || stop === 'tool_stopped' ? undefined : stop)
}

const isWhole = (completion: Masked): boolean => trainedTokens(completion) === completion.ids.length
