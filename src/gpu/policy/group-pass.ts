// One pass over groups: blocks and head forward, and back from the slopes of what the head said.
import { batchOf, flatten, perToken, type Batch } from './batch.ts'
import type { Engine, Residuals } from './engine.ts'
import { forwardHead, type Given } from './head-pass.ts'
import { backward, forwardBlocks, recallBlocks } from './passes.ts'
import type { Group, PerToken } from './policy.ts'
import { rowsIn } from './trace.ts'

export interface GroupPass {
  groups: readonly Group[]
  /** What the head says of each completion token, by name. */
  results: Record<string, PerToken>
  residuals: Residuals
  given: Given
}

/**
 * All groups together: the caller sees to it that they fit (`microBatches`). `given` is what the head reads of the batch beside
 * weights; `keep` is for a backward pass that will follow.
 */
export function forwardGroups(
  engine: Engine,
  groups: readonly Group[],
  options: {
    given?: (batch: Batch) => Given
    results: readonly string[]
    reference?: boolean
    keep?: boolean
  },
): GroupPass {
  const batch = batchOf(groups, engine)
  const { reference = false, keep = false, results } = options
  const traced = reference ? undefined : rowsIn(engine.traces.last, groups, batch)
  const residuals = traced ? recallBlocks(engine, batch, traced) : forwardBlocks(engine, batch, { reference, keep })
  const given = options.given?.(batch) ?? { tensors: {} }
  const found = forwardHead(engine, residuals, { given, results, reference })
  const perResult = Object.entries(found).map(([name, flat]) => [name, perToken(flat, groups, batch)])
  return { groups, results: Object.fromEntries(perResult), residuals, given }
}

/** Adds the gradients of everything trained, of d loss / d each result that has one. */
export function backwardGroups(
  engine: Engine,
  { groups, residuals, given }: GroupPass,
  slopes: Readonly<Record<string, PerToken>>,
): void {
  const { batch } = residuals
  const scale = engine.scaled.by?.scale ?? 1
  const flat = Object.entries(slopes).map(([name, values]) => [
    name,
    flatten(values, groups, batch).map((slope) => slope * scale),
  ])
  backward(engine, residuals, { given, slopes: Object.fromEntries(flat) })
}
