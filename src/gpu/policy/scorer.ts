// A model folder with a scalar head opened on a device: a reward model, or the critic of a policy.
import type { Device } from '../device/device.ts'
import { backwardGroups, forwardGroups } from './group-pass.ts'
import type { Group, PerToken } from './policy.ts'
import { openEngine, type Inspected, type ModelOptions } from './trainable.ts'

export interface Scorer extends Inspected {
  /**
   * A number for each completion token: the one at the position before it, from which the token would be predicted. For the
   * number at the end of a sequence see `wholeSequence`.
   */
  values(groups: readonly Group[]): PerToken
  /** Forward, then backward with d loss / d value, which the caller computes; gradients are added to those accumulated. */
  accumulate(groups: readonly Group[], gradient: (values: PerToken) => PerToken): void
}

/** Open a Hugging Face folder with a sequence or token classification head of one label. Throws HoneError for any other. */
export function openScorer(device: Device, dir: string, options: ModelOptions = {}): Scorer {
  const { engine, trainable } = openEngine(device, dir, 'scalar', options)
  const pass = (groups: readonly Group[], keep: boolean) => forwardGroups(engine, groups, { results: ['values'], keep })
  return {
    ...trainable,
    values: (groups) => pass(groups, false).results['values']!,
    accumulate(groups, gradient) {
      const forward = pass(groups, true)
      backwardGroups(engine, forward, { values: gradient(forward.results['values']!) })
    },
  }
}
