// Lengths that nobody said, as the model's positions allow: the defaults are those of a large model.
import type { CommonRecipe, TrainRecipe } from '../../rl/recipe.ts'
import type { Resolved } from '../../shell/config.ts'
import { positionsOf } from '../open.ts'
import type { AnyKind } from './kind.ts'

/** The settings of that kind with defaults that its model has room for. @throws HoneError for a folder that hone cannot run. */
export function fitted({ fit, head }: AnyKind, settings: Resolved<CommonRecipe>): Resolved<CommonRecipe> {
  return fit ? fit(settings, positionsOf(settings.value, head)) : settings
}

/** The settings with TRL's correction of what a server samples, where they name none. */
export function fitCorrection(settings: Resolved<TrainRecipe>): Resolved<TrainRecipe> {
  const { value, origins } = settings
  if (value.rolloutServer === null || origins['importanceCorrection'] !== 'default') return settings
  return {
    value: { ...value, importanceCorrection: 'sequence-mask' },
    origins: { ...origins, importanceCorrection: 'rolloutServer' },
  }
}

/**
 * The settings with limits of prompts and completions that fit into the model together. What was said is left as it is, so that
 * what cannot be is told.
 */
export function fitLengths(settings: Resolved<TrainRecipe>, positions: number): Resolved<TrainRecipe> {
  const { value, origins } = settings
  const { maxPromptLength: prompt, maxCompletionLength: completion } = value
  if ((prompt ?? 1) + completion <= positions) return settings
  const isFree = (key: string) => origins[key] === 'default'
  const half = positions >> 1
  const shorter = isFree('maxCompletionLength')
    ? Math.min(completion, isFree('maxPromptLength') || prompt === null ? half : positions - prompt)
    : completion
  const rest = isFree('maxPromptLength') && prompt !== null ? Math.min(prompt, positions - shorter) : prompt
  if (shorter < 1 || (rest ?? 1) < 1) return settings
  const origin = `the model's ${positions} positions`
  return {
    value: { ...value, maxCompletionLength: shorter, maxPromptLength: rest },
    origins: {
      ...origins,
      ...(shorter !== completion && { maxCompletionLength: origin }),
      ...(rest !== prompt && { maxPromptLength: origin }),
    },
  }
}
