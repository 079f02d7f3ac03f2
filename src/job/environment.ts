// The environment of a recipe, ready for episodes.
import { openEnvironment } from '../env/open.ts'
import { rewardFormat } from '../reward/scorer.ts'
import type { EpisodeLimits } from '../rl/environment.ts'
import type { EnvironmentSettings } from '../rl/environment-settings.ts'
import type { Stage } from '../rl/play.ts'
import type { Language } from './open.ts'

/** Turns are read in the format of the reward, else of the prompt form. Undefined where the settings name no environment. @throws HoneError for one that does not open. */
export async function openStage(
  settings: EnvironmentSettings & EpisodeLimits & { reward: string },
  { tokenizer, form, format, positions }: Language,
): Promise<Stage | undefined> {
  const environment = await openEnvironment(settings)
  const { maxTurns, maxToolCalls, toolResultTokens, rolloutTimeout } = settings
  return (
    environment && {
      environment,
      tokenizer,
      form,
      format: rewardFormat(settings.reward) ?? format,
      positions,
      maxTurns,
      maxToolCalls,
      toolResultTokens,
      rolloutTimeout,
    }
  )
}
