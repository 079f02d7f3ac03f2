// Coefficients that follow what they are to bring about: of the KL and of the entropy, one step of the run after another.
import * as v from 'valibot'
import { atLeast, begins, orNone, positive, say, type Settings } from '../text/setting.ts'

export const controlSettings = {
  klTarget: begins(
    'Steered coefficients',
    say(
      orNone(positive(), 'a fixed coefficient'),
      'mean kl of a token that --kl-coefficient is steered to',
      'target_kl',
    ),
  ),
  klHorizon: say(v.optional(positive(), 10_000), 'completions over which it is steered', 'horizon'),
  entropyTarget: say(
    orNone(positive(), 'a fixed coefficient'),
    'mean entropy of a token below which --entropy-coefficient grows, and above which it shrinks',
  ),
  entropyStep: say(v.optional(atLeast(0), 0.005), 'change of --entropy-coefficient at a step', 'entropy_coef_delta'),
}
export type ControlOptions = Settings<typeof controlSettings>

/** The coefficients that are steered, where a run stands; others are those of the recipe. */
export interface Coefficients {
  klCoefficient?: number
  entropyCoefficient?: number
}

type Steered = ControlOptions & Required<Coefficients>

/** The recipe with the coefficients of now. */
export const steered = <Recipe extends Steered>(recipe: Recipe, now: Coefficients | undefined): Recipe => ({
  ...recipe,
  ...now,
})

/**
 * After a step. KL: β ← β·(1 + clip(kl / target − 1, ±0.2)·n / horizon) (arXiv 1909.08593 section 2.2, verl's adaptive controller);
 * entropy: a step up below the target, down above it, never below 0. `recipe` has the coefficients of the step.
 */
export function steer(
  recipe: Steered,
  { kl, entropy, completions }: { kl: number | undefined; entropy: number | undefined; completions: number },
): Coefficients {
  const { klTarget, klHorizon, klCoefficient, entropyTarget, entropyStep, entropyCoefficient } = recipe
  const off = klTarget === null || kl === undefined ? 0 : Math.min(Math.max(kl / klTarget - 1, -0.2), 0.2)
  const change =
    entropyTarget === null || entropy === undefined ? 0 : entropy < entropyTarget ? entropyStep : -entropyStep
  return {
    ...(klTarget !== null && { klCoefficient: klCoefficient * (1 + (off * completions) / klHorizon) }),
    ...(entropyTarget !== null && { entropyCoefficient: Math.max(0, entropyCoefficient + change) }),
  }
}
