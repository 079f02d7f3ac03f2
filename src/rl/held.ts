// Rollouts that are held to the tools of their rows: the masks that they were drawn within, found again from their ids.
import type { Hold } from '../dialogue/hold.ts'
import { HoneError } from '../error.ts'
import { mean, sum } from '../eval/statistics.ts'
import { allows, type Mask } from '../gpu/policy/law.ts'
import type { PerTokenMasks } from '../gpu/policy/policy.ts'
import type { Metrics } from '../rundir/event.ts'
import type { Prompt, Rollout, Sampled } from './record.ts'

/** The tools on offer to a prompt. */
export const toolsOf = ({ row, tools = row.tools }: Prompt) => tools

/** What each own token was drawn from; a given one was not drawn. @throws HoneError for a token that is not within. */
export function masksOf(rollouts: readonly Rollout[], hold: Hold | undefined): PerTokenMasks | undefined {
  return hold && rollouts.map(({ prompt, completions }) => completions.map((each) => masksOfOne(prompt, each, hold)))
}

function masksOfOne(prompt: Prompt, { ids, turns }: Sampled, hold: Hold): (Mask | undefined)[] {
  const masks = new Array<Mask | undefined>(ids.length).fill(undefined)
  for (const { role, from, to } of turns) {
    if (role !== 'assistant') continue
    const { mask } = hold({ tools: toolsOf(prompt) }, from === 0 ? prompt.ids : ids.slice(0, from))
    const written: number[] = []
    for (let t = from; t < to; t++) {
      const allowed = mask(written)
      if (!allows(allowed, ids[t]!)) throw outside(prompt, t)
      masks[t] = allowed
      written.push(ids[t]!)
    }
  }
  return masks
}

const outside = ({ row }: Prompt, t: number): HoneError =>
  new HoneError(`Cannot learn from a rollout of row ${row.id}: token ${t} is not within what --constrain allows`, {
    hint: 'rollouts that were kept without it can be learnt from without it',
  })

/** Of each completion the log of the probability that its masks left, summed over its tokens. */
export type Allowed = Map<object, number>

/**
 * How far the policy keeps to the format by itself. A completion y of the masked law has the probability Π p(yₜ)/mₜ, mₜ being what
 * the mask leaves at t; so the mean of Π mₜ is the share of valid turns that the policy would write unmasked.
 */
export function freedom(allowed: Allowed, completions: readonly Sampled[]): Metrics {
  const known = completions.flatMap((each) => (allowed.has(each) ? [{ each, log: allowed.get(each)! }] : []))
  if (known.length === 0) return {}
  return {
    'constrain/free_format_rate': mean(known.map(({ log }) => Math.exp(log))),
    'constrain/log_allowed':
      sum(known.map(({ log }) => log)) / Math.max(1, sum(known.map(({ each }) => each.ids.length))),
  }
}
