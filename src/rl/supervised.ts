// What kinds have in common that learn from items as they are, rows or pairs: a batch of them is one update.
import { sum } from '../eval/statistics.ts'
import type { Trainable } from '../gpu/policy/policy.ts'
import type { Metrics } from '../rundir/event.ts'
import type { RunContext, Stepped } from './loop.ts'
import { inOrder } from './order.ts'
import { type OptimizerOptions, updateOptions } from './schedule.ts'
import { scalingMetrics } from './scaled.ts'
import { requireFinite } from './sound.ts'

export interface BatchOptions {
  steps: number | null
  epochs: number
  batchSize: number
}

/** Optimizer steps of the whole run. */
export function stepsOf({ steps, epochs, batchSize }: BatchOptions, items: number): number {
  return steps ?? Math.max(1, Math.floor((epochs * items) / batchSize))
}

/** Where a step stands: counted from 0, of how many, and the place in the order of the items. */
export interface Place {
  step: number
  steps: number
  position: number
}

/** How items are learnt from. */
export interface Lesson<Item> {
  /** Forward and backward; means are over all that is given. Returns their metrics. */
  accumulate(items: readonly Item[]): Promise<Metrics>
  /** Tokens that go through the engine, and those that are seen as TRL counts them. */
  tokensOf(item: Item): number
  tokensSeen(item: Item): number
}

interface BatchContext extends Pick<RunContext, 'clock'> {
  recipe: OptimizerOptions & BatchOptions & { seed: number }
  policy: Pick<Trainable, 'update' | 'unsound' | 'unsoundGradient' | 'clearGradients'>
}

/** Learn from the next batch. @throws HoneError where that makes numbers that are none. */
export async function takeBatch<Item extends { id: string }>(
  { recipe, policy, clock }: BatchContext,
  all: readonly Item[],
  { step, steps, position }: Place,
  { accumulate, tokensOf, tokensSeen }: Lesson<Item>,
): Promise<Stepped> {
  const started = clock()
  const items = inOrder(all, recipe.seed, position, recipe.batchSize).map(({ item }) => item)
  const learned = await accumulate(items)
  const update = updateOptions(recipe, step, steps)
  const updated = await policy.update(update)
  const { gradNorm } = updated
  const skipped = updated.scaling?.skipped === true
  if (!skipped)
    await requireFinite(gradNorm, policy, step, {
      items,
      rowOf: ({ id }) => id,
      again: (item) => accumulate([item]),
    })
  const seconds = (clock() - started) / 1000
  const figures = {
    ...learned,
    ...(!skipped && { grad_norm: gradNorm }),
    ...scalingMetrics([updated]),
    learning_rate: update.learningRate,
    tokens_per_second: sum(items.map(tokensOf)) / Math.max(seconds, 1e-3),
    step_time: seconds,
  }
  return { position: position + recipe.batchSize, tokens: sum(items.map(tokensSeen)), figures }
}
