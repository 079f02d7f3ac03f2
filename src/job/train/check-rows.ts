// The preflight of a training run: could its rows' right answers be right in its own eyes?
import type { CommonRecipe } from '../../rl/recipe.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import type { Language } from '../open.ts'
import { preflight, type Known } from '../preflight.ts'
import type { Kind } from './kind.ts'

/** Warn of the first rows whose right answer would not count. @throws HoneError where no right answer would. */
export function checkRows(
  kind: Kind,
  recipe: CommonRecipe,
  language: Language,
  { taught, heldOut }: { taught: readonly Known[]; heldOut: readonly Known[] },
): void {
  const mode = recipe.rewardMode
  // A reward of the user's own reads what it likes.
  const judge = (rows: readonly Known[], spec: string) => {
    const parser = rewardFormat(spec)
    if (parser !== undefined) preflight(rows, { ...language, parser, reward: { spec, mode } })
  }
  const reward = kind.reward(recipe)
  if (reward !== undefined) judge(taught, reward)
  else {
    // What a row brings word for word is learnt as it is, whatever reads it.
    const written = taught.filter(({ row }) => typeof row.meta['completion'] !== 'string')
    preflight(written, { ...language, parser: language.format })
  }
  judge(heldOut, recipe.evalReward)
}
