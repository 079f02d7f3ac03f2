// A model folder with a scalar head opened on a device: a reward model, or the critic of a policy.
import type { Device } from '../device/device.ts'
import { backwardGroups, forwardGroups } from './group-pass.ts'
import type { Awaitable, Group, Pass, PassOptions, PerToken, Trainable } from './policy.ts'
import { openEngine, type Inspected, type ModelOptions } from './trainable.ts'

export interface Scorer extends Trainable {
  /**
   * A number for each completion token: the one at the position before it, from which the token would be predicted. For the
   * number at the end of a sequence see `wholeSequence`.
   */
  values(groups: readonly Group[]): Awaitable<PerToken>
  /** Forward, then backward with d loss / d value, which the caller computes; gradients are added to those accumulated. */
  accumulate(groups: readonly Group[], gradient: (values: PerToken) => PerToken): Awaitable<void>
}

/** One on a device of this process, which is done when it returns. */
export interface ScorerModel extends Inspected {
  pass(groups: readonly Group[], options: Pick<PassOptions, 'keep'>): Pass
  values(groups: readonly Group[]): PerToken
  accumulate(groups: readonly Group[], gradient: (values: PerToken) => PerToken): void
}

/** Open a Hugging Face folder with a sequence or token classification head of one label. Throws HoneError for any other. */
export function openScorer(device: Device, dir: string, options: ModelOptions = {}): ScorerModel {
  const { engine, trainable } = openEngine(device, dir, 'scalar', options)
  const pass: ScorerModel['pass'] = (groups, { keep }) => {
    const forward = forwardGroups(engine, groups, { results: ['values'], keep })
    return { results: forward.results, backward: (slopes) => backwardGroups(engine, forward, slopes) }
  }
  return {
    ...trainable,
    pass,
    values: (groups) => pass(groups, { keep: false }).results['values']!,
    accumulate(groups, gradient) {
      const { results, backward } = pass(groups, { keep: true })
      backward({ values: gradient(results['values']!) })
    },
  }
}
