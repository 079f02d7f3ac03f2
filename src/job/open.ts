// From a recipe to what a run works with: tokenizer, rows, device and policy, in the order in which mistakes are cheap.
import { atDate, loadTokenizer, requireVocabulary, type Tokenizer } from '../dialogue/chat.ts'
import { HoneError } from '../error.ts'
import type { Device } from '../gpu/device/device.ts'
import { type Model, openModel } from '../gpu/policy/model.ts'
import { openScorer, type ScorerModel } from '../gpu/policy/scorer.ts'
import type { HeadKind, ModelConfig } from '../gpu/weights/family.ts'
import { loadConfig } from '../gpu/weights/hf.ts'
import type { Training } from '../gpu/policy/parameters.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import { findFormat, type FormatName } from '../dialogue/call.ts'
import type { Constrained } from '../dialogue/grammar/frame.ts'
import { holdOf, unkept, type Hold } from '../dialogue/hold.ts'
import { notice } from '../shell/notice.ts'
import { formatOf, promptForm } from '../dialogue/prompt.ts'
import { modelFolder } from './model-folder.ts'
import { stopsAt } from '../rl/judge.ts'
import type { CommonRecipe } from '../rl/recipe.ts'

export interface Language {
  tokenizer: Tokenizer
  form: PromptForm
  /** The call format that the form asks for. */
  format: FormatName
  config: ModelConfig
  /** Positions that the model has. */
  positions: number
}

/** Tokenizer and prompt form of the recipe's model, a folder or a finished run; templates are told of `date`, now unless given. @throws HoneError for a folder that hone cannot run. */
export async function openLanguage(
  { model, prompt }: Pick<CommonRecipe, 'model' | 'prompt'>,
  date = new Date(),
  head: HeadKind = 'language',
): Promise<Language> {
  const folder = modelFolder(model).model
  const config = loadConfig(folder, head, { fresh: true })
  const form = promptForm(prompt)
  const tokenizer = atDate(await loadTokenizer(folder), date)
  requireVocabulary(tokenizer, config.vocabulary, folder)
  return { tokenizer, form, format: formatOf(form, tokenizer), config, positions: config.maxPositions }
}

/** Positions that the recipe's model has. @throws HoneError for a folder that hone cannot run. */
export const positionsOf = ({ model }: Pick<CommonRecipe, 'model'>, head: HeadKind): number =>
  loadConfig(modelFolder(model).model, head, { fresh: true }).maxPositions

/** What holds turns to the tools of their rows; what no grammar sees to is said once. @throws HoneError for a format that cannot be held. */
export function openHold({ tokenizer, form, config }: Language, what: Constrained, format: FormatName): Hold {
  return holdOf({
    tokenizer,
    form,
    format: findFormat(format),
    what,
    vocabulary: config.vocabulary,
    onNotice: (each) => notice.info(unkept(each)),
  })
}

/** What ends a completion. */
export function endingOf(tokenizer: Tokenizer, stop: readonly string[] = []): Pick<Sampling, 'eosIds' | 'stop'> {
  const test = stopsAt(stop, tokenizer)
  return { eosIds: tokenizer.eosIds, ...(test && { stop: test }) }
}

/**
 * Tokens left for a prompt beside `completion` tokens; `wanted` where the recipe limits it.
 * @throws HoneError where both together are longer than the model allows.
 */
export function promptLimit(
  wanted: number | null,
  completion: number,
  { positions }: Pick<Language, 'positions'>,
): number {
  const limit = wanted ?? positions - completion
  if (limit >= 1 && limit + completion <= positions) return limit
  throw new HoneError(
    `Context too long: a prompt of ${wanted ?? 1} and a completion of ${completion} tokens need more than the model's ${positions} positions`,
    {
      hint:
        wanted === null
          ? 'lower --max-completion-length'
          : 'lower --max-prompt-length or --max-completion-length; --max-prompt-length null takes what the model allows',
    },
  )
}

/** How a model is opened for training: `reference` keeps the first weights beside those that are trained; `critic` is the folder of one beside it. */
export interface TrainedOptions {
  reference: boolean
  head: HeadKind
  critic?: string | undefined
}

/** The model on that device, for training, and the critic beside it. */
export function openTrained(
  recipe: CommonRecipe,
  { reference, head, critic }: TrainedOptions,
  device: Device,
): { policy: Model | ScorerModel; critic: ScorerModel | undefined } {
  const { model, adapter } = modelFolder(recipe.model, recipe.adapter ?? undefined)
  const moving = (recipe.referenceMix ?? 0) > 0
  const options = { training: trainingOf(recipe), reference, moving, adapter }
  const policy =
    head === 'language'
      ? openModel(device, model, options)
      : openScorer(device, model, { ...options, fresh: recipe.seed })
  const fresh = { training: trainingOf(recipe), fresh: recipe.seed }
  return {
    policy,
    critic: critic === undefined ? undefined : openScorer(device, modelFolder(critic).model, fresh),
  }
}

/** What the recipe trains. */
export function trainingOf({ loraRank, loraAlpha, loraTargets, seed }: CommonRecipe): Training {
  if (loraRank === 0) return { kind: 'full' }
  return { kind: 'lora', rank: loraRank, alpha: loraAlpha ?? 2 * loraRank, targets: loraTargets, seed }
}
