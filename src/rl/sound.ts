// Numbers that are none: a run stops before any is learnt with, evaluated or saved, and says which tensor and which row brought it.
import { EXIT, HoneError } from '../error.ts'
import type { Policy } from '../gpu/policy/policy.ts'

/** What an update was made of, to be asked one by one. */
export interface Suspects<Item> {
  items: readonly Item[]
  /** Id of the row that it comes from. */
  rowOf(item: Item): string
  /** Adds up the gradient of this one alone. */
  again(item: Item): Promise<unknown>
}

type Sound = Pick<Policy, 'unsound'>
type Graded = Sound & Pick<Policy, 'unsoundGradient' | 'clearGradients'>

/** Stop before weights are changed by a gradient that is no number. Steps are counted from 0. */
export async function requireFinite<Item>(
  gradNorm: number,
  policy: Graded,
  step: number,
  suspects: Suspects<Item>,
): Promise<void> {
  if (Number.isFinite(gradNorm)) return
  // It may be that an earlier update of the step has made the weights what they are.
  requireSound(policy, step)
  const tensor = await policy.unsoundGradient()
  const row = await culprit(policy, suspects)
  const of = tensor === undefined ? `the gradient norm is ${gradNorm}` : `the gradient of ${tensor} is not finite`
  throw unsound(step, row === undefined ? of : `${of}: row ${row} brings it`)
}

/** The first row whose gradient alone is not finite; undefined where none is, as when finite ones add up to more than a number holds. */
async function culprit<Item>(policy: Graded, { items, rowOf, again }: Suspects<Item>): Promise<string | undefined> {
  for (const item of items) {
    policy.clearGradients()
    await again(item)
    if ((await policy.unsoundGradient()) !== undefined) return rowOf(item)
  }
  return undefined
}

/** Stop before weights that are no numbers are evaluated or saved. Steps are counted from 0. */
export function requireSound(policy: Sound, step: number): void {
  const tensor = policy.unsound()
  if (tensor !== undefined) throw unsound(step, `${tensor} holds values that are not finite`)
}

function unsound(step: number, what: string): HoneError {
  return new HoneError(`Cannot go on after step ${step}: in step ${step + 1} ${what}`, {
    exit: EXIT.no,
    hint: 'nothing of this step was saved, and every checkpoint before it is sound: resume with a lower --learning-rate or a smaller --max-grad-norm',
  })
}
