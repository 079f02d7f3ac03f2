// The environment of a recipe, or its agent, ready for episodes.
import { openEnvironment } from '../env/open.ts'
import { HoneError } from '../error.ts'
import { rewardFormat } from '../reward/scorer.ts'
import type { Environment } from '../rl/environment.ts'
import { type Stage, stageOf } from '../rl/play.ts'
import type { Prompt } from '../rl/record.ts'
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
  if (recipe.agent !== null)
    return { ...agentStage({ ...recipe, agent: recipe.agent }, { ...language, format }), name: recipe.agent }
  // Other text rewards say more of an answer than whether it is right.
  const judges = rewardFormat(recipe.reward) !== undefined || recipe.reward === 'exact'
  const environment = await openEnvironment(recipe, { judges })
  const { tokenizer, form, positions } = language
  const { maxTurns, maxToolCalls, toolResultTokens, rolloutTimeout } = recipe
  const limits = { maxTurns, maxToolCalls, toolResultTokens, rolloutTimeout }
  if (!environment) return undefined
  const stage = stageOf({ environment, tokenizer, form, format, positions, ...limits })
  return { ...stage, name: recipe.envCmd ?? recipe.env ?? 'tools', rehearse: (item) => rehearse(environment, item) }
}

/** What goes wrong with this one row alone is counted when its episodes are played. */
async function rehearse(environment: Environment, { row, json }: Prompt): Promise<void> {
  try {
    const episode = await environment.reset(row, json, 'rehearsal')
    episode.close()
  } catch (error) {
    if (error instanceof HoneError) throw error
  }
}
