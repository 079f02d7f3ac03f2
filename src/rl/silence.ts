// Steps that teach nothing: rewards without variance, no update; and what the rollouts say of why.
import type { CallFormat } from '../dialogue/call/format.ts'
import type { Metrics } from '../rundir/event.ts'
import { causesOf } from './causes.ts'
import { type Batch, saysNothing } from './rollout.ts'
import type { Scored } from './record.ts'
import { trainedTokens } from './trained.ts'

/** What is to be said of steps as they pass. */
export interface Watch {
  /** The warnings after one more step, counted from 1. */
  after(step: number, batch: Batch, figures: Metrics): string[]
  /** The warnings at the end of the run. */
  atEnd(): string[]
}

/** Steps in a row without a signal before that is said; then again whenever they have doubled. */
const PATIENCE = 2

/** `reader` reads the calls of completions, where they hold any, to say why nothing is learnt. */
export function watch(reader?: Pick<CallFormat, 'parse'>): Watch {
  let [taken, silent, inRow, updates] = [0, 0, 0, 0]
  let due = PATIENCE
  let why = ''
  return {
    after(step, batch, figures) {
      const warnings: string[] = []
      taken++
      updates += figures['updates'] ?? 0
      const reason = silenceOf(batch, figures, reader)
      if (reason === undefined) [inRow, due] = [0, PATIENCE]
      else {
        silent++
        why = reason
        if (++inRow === due) {
          due *= 2
          warnings.push(`step ${step}: nothing was learnt from rewards for ${inRow} steps: ${reason}`)
        }
      }
      return warnings
    },
    atEnd() {
      if (taken === 0) return []
      if (updates === 0) return [`not one of ${taken} steps made an update, the model is the one that it was: ${why}`]
      return silent > taken / 2 ? [`${silent} of ${taken} steps learnt nothing from rewards; the last: ${why}`] : []
    },
  }
}

/** Why the step has no signal from its rewards; undefined where it has one. */
function silenceOf(
  { rollouts, dead }: Batch,
  { updates }: Metrics,
  reader: Pick<CallFormat, 'parse'> | undefined,
): string | undefined {
  const all = [...rollouts, ...dead]
  const completions = all.flatMap((each) => each.completions)
  if (completions.every((each) => trainedTokens(each) === 0)) return 'the completions are empty'
  const explained = (what: string) => {
    const { found, hint } = causesOf(all, reader)
    return `${[what, ...found].join('; ')}; to try: ${hint}`
  }
  if (all.every((each) => saysNothing(each.completions)))
    return explained(`${equality(completions)}, so there is no advantage (no variance)`)
  return updates === 0 ? explained('no completion carries loss') : undefined
}

function equality(completions: readonly Scored[]): string {
  const rewards = new Set(completions.map(({ reward }) => reward))
  return rewards.size === 1
    ? `all rewards are equal: every completion earns ${[...rewards][0]}`
    : 'the rewards of each group are equal'
}
