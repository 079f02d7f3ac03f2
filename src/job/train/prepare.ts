// Everything that a training run needs beside its model, read and checked: what `plan` looks at and a run starts from.
import { findFormat } from '../../dialogue/call.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import { type OpenJudge, openJudge, tryJudge } from '../../rl/judge.ts'
import type { LoopContext, RunContext } from '../../rl/loop.ts'
import type { PromptSet } from '../../rl/record.ts'
import type { Stage } from '../../rl/play.ts'
import { type Answering, type CommonRecipe, isAnswering } from '../../rl/recipe.ts'
import { type Language, openLanguage } from '../open.ts'
import { heldOutProtocol, warnOfOtherJudge } from '../protocol.ts'
import { checkHeldOut, checkTaught } from './check-rows.ts'
import type { AnyKind, Trainer } from './kind.ts'
import { findKind } from './kinds.ts'
import { readPromptSets, type RowContext, type Taken, tellTooLong } from './rows.ts'

/** How held-out rows are answered while a model is trained. */
export type Answers = Pick<LoopContext, 'heldOut' | 'evalJudge' | 'evalReader' | 'evalProtocol'>

export interface Prepared {
  kind: AnyKind
  language: Language
  /** What is trained on, and how many rows were too long for it. */
  items: readonly unknown[]
  tooLong: number
  /** Undefined for a kind whose models answer nothing. */
  answers: Answers | undefined
  trainer: Trainer<CommonRecipe, RunContext>
  /** Where an environment answers what the model writes. */
  stage: Stage | undefined
  close(): void
}

/** Read and check all that the recipe names, in the order in which mistakes are cheap; templates are told of `date`. @throws HoneError for what would stop the run. */
export async function prepare(name: string, recipe: CommonRecipe, date: Date): Promise<Prepared> {
  const kind = findKind(name)
  const language = await openLanguage(recipe, date, kind.head)
  const training = await kind.open(recipe, language)
  const answering = isAnswering(recipe) ? recipe : undefined
  const evaluated = answering && openJudge(answering.evalReward, answering.rewardMode, language.tokenizer)
  const close = () => {
    training.close()
    evaluated?.close()
  }
  try {
    const limits = kind.limits(recipe, language)
    const context = { ...language, stage: training.stage }
    const { items, tooLong, first } = await kind.read(recipe.data, { ...context, limit: limits.items, room: kind.room })
    const trainer = await training.on(items)
    // All files are read before right answers are judged: an absent one is the plainer mistake.
    const heldOut =
      answering && (await readPromptSets(answering.evalData, { ...context, limit: limits.heldOut }, answering.evalRows))
    if (answering) checkTaught(kind, answering, language, first)
    tellTooLong(tooLong, limits.items, kind.items)
    const answers =
      answering && evaluated && heldOut && (await answersTo(heldOut, answering, evaluated, language, limits.heldOut))
    return { kind, language, items, tooLong, answers, trainer, stage: training.stage, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Held-out rows, read and checked, and what judges their answers. @throws HoneError */
export async function readAnswers(
  recipe: CommonRecipe & Answering,
  judge: OpenJudge,
  language: Language,
  context: RowContext,
): Promise<Answers> {
  const rows = await readPromptSets(recipe.evalData, context, recipe.evalRows)
  return await answersTo(rows, recipe, judge, language, context.limit)
}

async function answersTo(
  { items, first, tooLong }: Taken<PromptSet>,
  recipe: CommonRecipe & Answering,
  judge: OpenJudge,
  language: Language,
  limit: number,
): Promise<Answers> {
  checkHeldOut(recipe, language, first)
  tellTooLong(tooLong, limit, 'held-out rows')
  if (items.length > 0) warnOfOtherJudge(recipe)
  await tryJudge(judge, recipe.evalReward, items[0]?.prompts[0])
  const reads = rewardFormat(recipe.evalReward)
  return {
    heldOut: items,
    evalJudge: judge.judge,
    evalReader: reads && findFormat(reads),
    evalProtocol: heldOutProtocol(recipe, language),
  }
}
