// The environment of a recipe, or its agent, ready for episodes.
import { openEnvironment } from '../env/open.ts'
import { HoneError } from '../error.ts'
import { rewardFormat } from '../reward/scorer.ts'
import { type Stage, stageOf } from '../rl/play.ts'
import { hasEnvironment } from '../rl/environment-settings.ts'
import type { TrainRecipe } from '../rl/recipe.ts'
import { agentStage } from './agent.ts'
import type { Language } from './open.ts'

/** Turns are read in the format of the reward, else of the prompt form. Undefined where the recipe names neither. @throws HoneError for what does not open. */
export async function openStage(recipe: TrainRecipe, language: Language): Promise<Stage | undefined> {
  const format = rewardFormat(recipe.reward) ?? language.format
  if (recipe.agent !== null && hasEnvironment(recipe))
    throw new HoneError('Cannot use an agent and an environment: an agent has its own', {
      hint: 'leave one of them out',
    })
  if (recipe.agent !== null) return agentStage({ ...recipe, agent: recipe.agent }, { ...language, format })
  const environment = await openEnvironment(recipe)
  const { tokenizer, form, positions } = language
  const { maxTurns, maxToolCalls, toolResultTokens, rolloutTimeout } = recipe
  const limits = { maxTurns, maxToolCalls, toolResultTokens, rolloutTimeout }
  return environment && stageOf({ environment, tokenizer, form, format, positions, ...limits })
}
