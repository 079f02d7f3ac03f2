// Reinforcement learning from rules as a kind of training.
import { samplesOf } from '../../../gpu/policy/batch.ts'
import type { Scorer } from '../../../gpu/policy/scorer.ts'
import type { LoopContext } from '../../../rl/loop.ts'
import { deadSettings, formulaOf, hasCritic } from '../../../rl/formula.ts'
import { isAnswered } from '../../../rl/environment-settings.ts'
import { isTraced } from '../../../rl/rollout.ts'
import { needsReference } from '../../../rl/freeze.ts'
import { rewardFormat } from '../../../reward/scorer.ts'
import { openJudge, tryJudge } from '../../../rl/judge.ts'
import { trainPresets } from '../../../rl/presets.ts'
import { TrainRecipe } from '../../../rl/recipe.ts'
import type { Prompt } from '../../../rl/record.ts'
import { stepsOf, train } from '../../../rl/train.ts'
import { openStage } from '../../environment.ts'
import { openHold, type Language, promptLimit } from '../../open.ts'
import type { Hold } from '../../../dialogue/hold.ts'
import { HoneError } from '../../../error.ts'
import { fitCorrection, fitLengths } from '../fit.ts'
import type { Kind } from '../kind.ts'
import { openReplay } from '../replay.ts'
import { openSampler } from '../server.ts'
import { readPrompts } from '../rows.ts'

/** Of the largest pass: a group or some of its completions, or as many groups as are within the limit. */
function rowsOfPass(
  { promptsPerStep, groupSize, maxCompletionLength, microBatchTokens }: TrainRecipe,
  prompt: number,
): number {
  const samples = samplesOf(prompt, groupSize, maxCompletionLength, microBatchTokens)
  const [group, whole] = [samples, groupSize].map((count) => prompt + count * maxCompletionLength)
  return Math.max(group!, Math.min(microBatchTokens, promptsPerStep * whole!))
}

export const trainKind: Kind<TrainRecipe, Prompt, LoopContext & { critic?: Scorer | undefined }> = {
  what: 'train a model with rule-based reinforcement learning',
  head: 'language',
  schema: TrainRecipe,
  presets: trainPresets,
  preset: 'tool-n1',
  formula: formulaOf,
  noEffect: deadSettings,
  fit: (settings, positions) => fitCorrection(fitLengths(settings, positions)),
  reward: ({ reward }) => reward,
  needsReference,
  critic: (recipe) => (hasCritic(recipe) ? (recipe.criticModel ?? recipe.model) : undefined),
  limits({ maxPromptLength, maxCompletionLength }, language) {
    const limit = promptLimit(maxPromptLength, maxCompletionLength, language)
    return { items: limit, heldOut: limit }
  },
  items: 'prompts',
  room: 'raise --max-prompt-length where the model allows it',
  read: readPrompts,
  tokensOf: ({ ids }) => ids.length,
  plan(recipe, { count, maxTokens }) {
    const { promptsPerStep, groupSize, iterations, miniBatches, processes } = recipe
    const tokensOf = (samples: number) => maxTokens + samples * recipe.maxCompletionLength
    const group = tokensOf(groupSize)
    return {
      steps: stepsOf(recipe, count),
      itemsPerStep: promptsPerStep,
      optimizerStepsPerStep: iterations * Math.min(miniBatches, promptsPerStep),
      completionsPerStep: promptsPerStep * groupSize,
      elsewhere: recipe.rolloutServer !== null,
      passes: iterations,
      cached: Math.min(Math.ceil(promptsPerStep / processes) * group, Math.max(recipe.rolloutTokens, tokensOf(1))),
      micro: rowsOfPass(recipe, maxTokens),
      traced: isTraced(recipe) && !isAnswered(recipe) ? promptsPerStep * group : 0,
    }
  },
  async open(recipe, language) {
    if (recipe.advantage === 'gdpo' && recipe.klIn === 'reward' && recipe.klCoefficient > 0)
      throw new HoneError('Cannot charge the KL to the reward: the advantage gdpo looks at the parts of rewards', {
        hint: 'give --kl-in loss, or --kl-coefficient 0',
      })
    const { reward, rewardMode, replay: kept } = recipe
    const { tokenizer, config } = language
    const opened = openJudge(reward, rewardMode, tokenizer)
    const { judge } = opened
    const hold = holdOf(recipe, language)
    const sampler = openSampler(recipe, config.vocabulary)
    const stage = await openStage(recipe, language)
    return {
      stage,
      async on(prompts) {
        await tryJudge(opened, reward, prompts[0])
        if (prompts[0]) await stage?.rehearse?.(prompts[0])
        const replay =
          kept === null ? undefined : await openReplay(kept, { prompts, config, answered: isAnswered(recipe) })
        return {
          async train(context, start) {
            try {
              return await train({ ...context, prompts, judge, replay, hold, sampler }, start)
            } finally {
              await sampler?.close()
            }
          },
        }
      },
      close() {
        opened.close()
        stage?.close()
      },
    }
  },
}

/** What holds rollouts to their tools, in the format of the reward, else of the prompt form. @throws HoneError where nothing can. */
function holdOf({ constrain, reward, agent }: TrainRecipe, language: Language): Hold | undefined {
  if (constrain === 'none') return undefined
  if (agent !== null)
    throw new HoneError('Cannot constrain what an agent is answered: its requests bring tools of their own', {
      hint: 'leave out --constrain, or --agent',
    })
  return openHold(language, constrain, rewardFormat(reward) ?? language.format)
}
