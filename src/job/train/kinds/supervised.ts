// What a step takes of kinds that learn from items as they are: nothing is sampled, and a batch is one update.
import { type BatchOptions, stepsOf } from '../../../rl/supervised.ts'
import type { StepPlan } from '../kind.ts'

export function planBatches(
  recipe: BatchOptions & { microBatchTokens: number },
  { count, maxTokens }: { count: number; maxTokens: number },
): StepPlan {
  return {
    steps: stepsOf(recipe, count),
    itemsPerStep: recipe.batchSize,
    optimizerStepsPerStep: 1,
    completionsPerStep: 0,
    cached: 0,
    micro: Math.max(recipe.microBatchTokens, maxTokens),
  }
}
