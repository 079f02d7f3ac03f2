// Everything that a training run needs beside its model, read and checked: what `plan` looks at and a run starts from.
import type { PromptSet } from '../../rl/record.ts'
import { type OpenJudge, openJudge, tryJudge } from '../../rl/judge.ts'
import type { Stage } from '../../rl/play.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { type Language, openLanguage } from '../open.ts'
import { warnOfOtherJudge } from '../protocol.ts'
import { checkRows } from './check-rows.ts'
import type { Kind, Trainer } from './kind.ts'
import { findKind } from './kinds.ts'
import { readPromptSets, tellTooLong } from './rows.ts'

export interface Prepared {
  kind: Kind
  language: Language
  /** What is trained on, and how many rows were too long for it. */
  items: readonly unknown[]
  tooLong: number
  heldOut: readonly PromptSet[]
  /** Judges held-out answers. */
  evaluated: OpenJudge
  trainer: Trainer<CommonRecipe>
  /** Where an environment answers what the model writes. */
  stage: Stage | undefined
  close(): void
}

/** Read and check all that the recipe names, in the order in which mistakes are cheap; templates are told of `date`. @throws HoneError for what would stop the run. */
export async function prepare(name: string, recipe: CommonRecipe, date: Date): Promise<Prepared> {
  const kind = findKind(name)
  const language = await openLanguage(recipe, date)
  const training = await kind.open(recipe, language)
  const evaluated = openJudge(recipe.evalReward, recipe.rewardMode, language.tokenizer)
  const close = () => {
    training.close()
    evaluated.close()
  }
  try {
    const limits = kind.limits(recipe, language)
    const context = { ...language, stage: training.stage }
    const { items, tooLong, first } = await kind.read(recipe.data, { ...context, limit: limits.items })
    const trainer = await training.on(items)
    const heldOut = await readPromptSets(recipe.evalData, { ...context, limit: limits.heldOut }, recipe.evalRows)
    checkRows(kind, recipe, language, { taught: first, heldOut: heldOut.first })
    tellTooLong(tooLong, limits.items, kind.items)
    tellTooLong(heldOut.tooLong, limits.heldOut, 'held-out rows')
    if (heldOut.items.length > 0) warnOfOtherJudge(recipe)
    await tryJudge(evaluated, recipe.evalReward, heldOut.items[0]?.prompts[0])
    return { kind, language, items, tooLong, heldOut: heldOut.items, evaluated, trainer, stage: training.stage, close }
  } catch (error) {
    close()
    throw error
  }
}
