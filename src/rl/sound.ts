// Weights that are no numbers: a run stops before any is evaluated, saved or learnt with.
import { EXIT, HoneError } from '../error.ts'
import type { Policy } from '../gpu/policy/policy.ts'

/** Stop before weights are changed by a gradient that is no number. Steps are counted from 0. */
export function requireFinite(gradNorm: number, policy: Pick<Policy, 'unsound'>, step: number): void {
  if (Number.isFinite(gradNorm)) return
  // It may be that an earlier update of the step has made the weights what they are.
  requireSound(policy, step)
  throw unsound(step, `the gradient norm is ${gradNorm}`)
}

/** Stop before weights that are no numbers are evaluated or saved. Steps are counted from 0. */
export function requireSound(policy: Pick<Policy, 'unsound'>, step: number): void {
  const tensor = policy.unsound()
  if (tensor !== undefined) throw unsound(step, `${tensor} holds values that are not finite`)
}

function unsound(step: number, what: string): HoneError {
  return new HoneError(`Cannot go on after step ${step}: in step ${step + 1} ${what}`, {
    exit: EXIT.no,
    hint: 'nothing of this step was saved, and every checkpoint before it is sound: resume with a lower --learning-rate or a smaller --max-grad-norm',
  })
}
