// The loss of a critic: squared distance to the returns, with values held near those that the batch began with (verl).
import * as v from 'valibot'
import { begins, count, folder, orNone, positive, say } from '../../text/setting.ts'

/** Settings of a critic beside the policy. */
export const criticSettings = {
  criticModel: begins('Critic', say(orNone(folder(), 'the model'), 'folder of the critic to start from')),
  criticLearningRate: say(v.optional(positive(), 1e-5), 'peak learning rate of the critic'),
  criticWarmup: say(v.optional(count(0), 0), 'steps in which the critic alone learns'),
  clipValue: say(
    v.optional(v.nullable(positive()), 0.5),
    'values further than this from those of the rollout are clipped; none = never',
    'cliprange_value',
  ),
}

export interface ValueLoss {
  loss: number
  /** d loss / d value of each token. */
  slopes: Float64Array
  /** Tokens whose loss the bound decides. */
  clipped: number
}

export interface ValueTokens {
  values: ArrayLike<number>
  /** Values of the critic when the batch was frozen. */
  old: ArrayLike<number>
  returns: ArrayLike<number>
}

/** In symbols, with V the value, V₀ the frozen one and R the return. */
export const valueFormula = (clip: number | null): string =>
  clip === null ? '½·(V − R)²' : `½·max((V − R)², (clip(V, V₀ ± ${clip}) − R)²)`

/** Each token weighs `weight`. The larger of both errors counts: outside the bound a value is only drawn back. */
export function valueLoss({ values, old, returns }: ValueTokens, clip: number | null, weight: number): ValueLoss {
  const bound = clip ?? Infinity
  const slopes = new Float64Array(values.length)
  let [loss, clipped] = [0, 0]
  for (let t = 0; t < values.length; t++) {
    const value = values[t]!
    const held = Math.min(Math.max(value, old[t]! - bound), old[t]! + bound)
    const [free, near] = [(value - returns[t]!) ** 2, (held - returns[t]!) ** 2]
    loss += 0.5 * weight * Math.max(free, near)
    if (near > free) clipped++
    else slopes[t] = weight * (value - returns[t]!)
  }
  return { loss, slopes, clipped }
}
