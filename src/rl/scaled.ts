// What scaling the loss did to the updates of a step.
import type { Update } from '../gpu/policy/policy.ts'
import type { Metrics } from '../rundir/event.ts'

/** No metrics where no loss was scaled. */
export function scalingMetrics(updates: readonly Update[]): Metrics {
  const scalings = updates.flatMap(({ scaling }) => scaling ?? [])
  const last = scalings.at(-1)
  return last ? { loss_scale: last.scale, updates_skipped: scalings.filter(({ skipped }) => skipped).length } : {}
}
