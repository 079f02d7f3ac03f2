// Loss scaling (Micikevicius et al., arXiv 1710.03740): gradients are computed of the loss times a power of two, so that small ones
// are not lost below what float16 holds. Multiplying and dividing by it is exact.

export interface Scaling {
  scale: number
  /** Updates since the scale changed. */
  good: number
}

/** First scale, and updates without an overflow after which it doubles: PyTorch's GradScaler's. */
const [FIRST, GROWS_AFTER] = [2 ** 16, 2000]
/** An overflow at this scale is one of the gradient itself. */
const LEAST = 1

export const firstScaling = (): Scaling => ({ scale: FIRST, good: 0 })

/** After an update, or after one that was left out because its gradient overflowed. */
export function scaledOn({ scale, good }: Scaling, overflowed: boolean): Scaling {
  if (overflowed) return { scale: Math.max(LEAST, scale / 2), good: 0 }
  return good + 1 < GROWS_AFTER ? { scale, good: good + 1 } : { scale: scale * 2, good: 0 }
}

/** Whether a gradient that is not finite may be one with a smaller scale. */
export const canShrink = ({ scale }: Scaling): boolean => scale > LEAST
