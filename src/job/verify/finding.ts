// What a comparison with reference numbers finds: the error of each quantity and whether it is within its bound.
import type { Policy } from '../../gpu/policy/policy.ts'

/** Errors of one quantity. `max_rel` is relative to the largest element. */
export interface Finding {
  name: string
  max_abs: number
  max_rel: number
  /** The bound that decides, and on what: one of the two errors, the cosine with what is expected, or how many ids differ. */
  bound: number
  by: 'abs' | 'rel' | 'cosine' | 'ids'
  ok: boolean
}

/** Tolerances of float32 against float32. That of loss parts is relative where the value exceeds one. */
export const BOUND = { logits: 1e-4, logprobs: 1e-4, parts: 1e-5, gradients: 1e-3, weights: 1e-5 } as const
/** Below this a clipped gradient is rounding, which AdamW divides by its own size. */
export const NOISE = 1e-7

/** Gradients by name against the reference's, relative to the largest element of each. */
export function compareTensors(
  kind: string,
  found: readonly { name: string; value: Float32Array }[],
  want: ReadonlyMap<string, Float32Array>,
): Finding[] {
  return found.map(({ name, value }) => {
    const each = errors()
    const expected = want.get(name) ?? want.get(`base_model.model.${name}`)
    if (expected) each.add(value, expected)
    else each.missing()
    return each.finding(`${kind} ${name}`, BOUND.gradients, 'rel')
  })
}

/** Trained weights against the reference's, elements aside whose update was rounding (`noise`). */
export function compareWeights(
  kind: string,
  model: Pick<Policy, 'state'>,
  want: ReadonlyMap<string, Float32Array>,
  noise: ReadonlyMap<string, Uint8Array>,
): Finding[] {
  return model.state().tensors.map(({ name, value }) => {
    const each = errors()
    const expected = want.get(name)
    const mask = noise.get(name)!
    if (expected)
      each.add(
        value.filter((_, i) => mask[i] === 0),
        expected.filter((_, i) => mask[i] === 0),
      )
    else each.missing()
    return each.finding(`${kind} ${name}`, BOUND.weights, 'abs')
  })
}

/** One number against another; the absolute bound grows with a value above one. */
export function single(name: string, found: number, want: number, bound: number, by: 'abs' | 'rel' = 'abs'): Finding {
  const each = errors()
  each.add([found], [want])
  return each.finding(name, by === 'abs' ? bound * Math.max(1, Math.abs(want)) : bound, by)
}

/** The norm of all gradients together, as it is before clipping. */
export function normFinding(name: string, gradients: readonly { value: Float32Array }[], want: number): Finding {
  let sum = 0
  for (const { value } of gradients) for (const slope of value) sum += slope * slope
  return single(name, Math.sqrt(sum), want, BOUND.gradients, 'rel')
}

/** Largest difference seen, and the largest value it is measured against. NaN counts as infinitely wrong. */
export function errors() {
  let worst = 0
  let scale = 0
  return {
    add(found: ArrayLike<number>, want: ArrayLike<number>) {
      if (found.length !== want.length) worst = Infinity
      for (let i = 0; i < want.length; i++) {
        const difference = Math.abs(found[i]! - want[i]!)
        if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
        scale = Math.max(scale, Math.abs(want[i]!))
      }
    },
    missing() {
      worst = Infinity
    },
    finding(name: string, bound: number, by: 'abs' | 'rel'): Finding {
      const relative = worst === 0 ? 0 : worst / scale
      return { name, max_abs: worst, max_rel: relative, bound, by, ok: (by === 'abs' ? worst : relative) <= bound }
    },
  }
}
