// The preflight of a training run: could its rows' right answers be right in its own eyes?
import type { Answering, CommonRecipe } from '../../rl/recipe.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import type { Language } from '../open.ts'
import { preflight, type Known } from '../preflight.ts'
import type { AnyKind } from './kind.ts'

/** Warn of the first rows whose right answer would not count. @throws HoneError where no right answer would. */
export function checkTaught(
  kind: AnyKind,
  recipe: CommonRecipe & Answering,
  language: Language,
  rows: readonly Known[],
): void {
  const reward = kind.reward(recipe)
  if (reward !== undefined) return judged(rows, reward, recipe, language)
  // What a row brings word for word is learnt as it is, whatever reads it.
  const written = rows.filter(({ row }) => typeof row.meta['completion'] !== 'string')
  preflight(written, { ...language, parser: language.format })
}

/** The same for held-out rows. */
export function checkHeldOut(recipe: CommonRecipe & Answering, language: Language, rows: readonly Known[]): void {
  judged(rows, recipe.evalReward, recipe, language)
}

/** A reward of the user's own reads what it likes. */
function judged(rows: readonly Known[], spec: string, { rewardMode: mode }: Answering, language: Language): void {
  const parser = rewardFormat(spec)
  if (parser !== undefined) preflight(rows, { ...language, parser, reward: { spec, mode } })
}
