// The learning rate over the optimizer steps of a run, as a table of shapes, and the settings of one update.
import type { UpdateOptions } from '../gpu/policy/policy.ts'

export interface ScheduleOptions {
  learningRate: number
  schedule: ScheduleName
  warmupSteps: number
  warmupShare: number
}

/** Share of the peak that is left at `progress` in [0, 1) of the steps after the warm-up. */
const shapes = {
  constant: () => 1,
  linear: (progress: number) => 1 - progress,
  cosine: (progress: number) => (1 + Math.cos(Math.PI * progress)) / 2,
} satisfies Record<string, (progress: number) => number>

export type ScheduleName = keyof typeof shapes

/** Learning rate of optimizer step `update`, counted from 0, of `updates`. */
export function learningRate(update: number, updates: number, options: ScheduleOptions): number {
  const warmup = options.warmupSteps || Math.floor(options.warmupShare * updates)
  if (update < warmup) return (options.learningRate * (update + 1)) / (warmup + 1)
  return options.learningRate * shapes[options.schedule]((update - warmup) / Math.max(updates - warmup, 1))
}

export interface OptimizerOptions extends ScheduleOptions {
  adamBeta1: number
  adamBeta2: number
  adamEpsilon: number
  weightDecay: number
  maxGradNorm: number | null
}

/** Settings of optimizer step `update`, counted from 0, of `updates`. */
export function updateOptions(options: OptimizerOptions, update: number, updates: number): UpdateOptions {
  return {
    learningRate: learningRate(update, updates, options),
    beta1: options.adamBeta1,
    beta2: options.adamBeta2,
    epsilon: options.adamEpsilon,
    weightDecay: options.weightDecay,
    maxGradNorm: options.maxGradNorm ?? Infinity,
  }
}
