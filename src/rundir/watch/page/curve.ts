// Curves as charts draw them: smoothed, and their values by step.
import { extremes } from '../plot.ts'

/** Exponential moving average, as TensorBoard takes it: freed of the weight that its first value would have. */
export function smoothed(values: readonly number[], weight: number): number[] {
  let [sum, count] = [0, 0]
  return values.map((value) => {
    if (!Number.isFinite(value)) return value
    sum = weight * sum + (1 - weight) * value
    count++
    return sum / (1 - weight ** count)
  })
}

/** Place of the value nearest to a step; -1 where there is none. */
export function nearest(steps: readonly number[], step: number): number {
  let best = -1
  for (let i = 0; i < steps.length; i++)
    if (best < 0 || Math.abs(steps[i]! - step) < Math.abs(steps[best]! - step)) best = i
  return best
}

/** The range of a chart: its values with some room, and the ends of its band where they are not far. */
export function rangeOf(values: readonly number[], band: readonly [number, number] | undefined): [number, number] {
  let [low, high] = extremes(values)
  if (low > high) return [0, 1]
  const span = high - low || Math.abs(high) || 1
  for (const bound of band ?? []) {
    if (!Number.isFinite(bound)) continue
    // A value outside shows how far; one inside need not see a bound that would flatten its curve.
    const far = bound < low ? low - bound : bound - high
    const outside = band![0] > low || band![1] < high
    if (far > 0 && (outside || far < span)) [low, high] = [Math.min(low, bound), Math.max(high, bound)]
  }
  const room = 0.08 * (high - low || Math.abs(high) || 1)
  return [low >= 0 && low - room < 0 ? 0 - room / 4 : low - room, high + room]
}
