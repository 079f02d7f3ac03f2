// The batch of the reference through the trainer itself: what is frozen comes from the folder, the rest is computed.
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import type { Model } from '../../gpu/policy/model.ts'
import { learn } from '../../rl/learn.ts'
import { lawOf, TrainRecipe } from '../../rl/recipe.ts'
import type { Frozen, Judged, Span, Weighted } from '../../rl/record.ts'
import { ownWords } from '../../rl/trained.ts'
import { weigh } from '../../rl/weigh.ts'
import { single, BOUND, type Finding } from './finding.ts'
import type { Oracle, StepFigures } from './oracle.ts'

/** Updates that the reference made on its batch. */
export const UPDATES = 3

/** Clipped policy loss + k3, both token means, and one update a batch: the rest are the defaults, those of Tool-N1's trainer. */
export function recipeOf({ dir, expect }: Oracle, other: Record<string, unknown> = {}): TrainRecipe {
  return v.parse(TrainRecipe, {
    model: dir,
    data: [],
    output: '',
    temperature: expect.temperature,
    clipLow: expect.clip,
    clipHigh: expect.clip,
    klCoefficient: expect.kl_coef,
    learningRate: expect.lr,
    weightDecay: expect.weight_decay,
    maxGradNorm: expect.max_grad_norm,
    miniBatches: 1,
    ...other,
  })
}

/** Of each row of the batch the tokens of its completion that are trained on; all of them unless given. */
export function weighted(oracle: Oracle, trained?: readonly Span[][]): Judged<Weighted>[] {
  return weigh(frozen(oracle, trained), recipeOf(oracle))
}

/** The same before advantages. */
export function frozen(oracle: Oracle, trained?: readonly Span[][]): Judged<Frozen>[] {
  return oracle.groups.map(({ group, rows }, g) => ({
    prompt: {
      index: g,
      ids: group.prompt,
      row: { id: String(g), source: '', messages: [], tools: [], answer: [], meta: {} },
      json: {},
    },
    completions: rows.map((row, i) => {
      const { oldLogprobs: old, referenceLogprobs: reference, reward } = oracle.rows[row]!
      const verdict = { score: reward, parts: null, fault: null, reasons: [] }
      const sampled = ownWords({ ids: group.completions[i]!, logprobs: old, finish: 'eos' })
      const masked = trained && { trained: trained[row]! }
      return { ...sampled, ...masked, text: '', verdict, reward, old, reference }
    }),
    live: true,
  }))
}

/** One update, and the gradient that it was made with. */
export async function update(
  model: Model,
  oracle: Oracle,
  rollouts: readonly Judged<Weighted>[],
  step: number,
  recipe = recipeOf(oracle),
) {
  let gradients = model.gradients()
  const policy: Model = {
    ...model,
    update(options) {
      gradients = model.gradients()
      return model.update(options)
    },
  }
  const figures = await learn(rollouts, { recipe, law: lawOf(recipe), policy, step, steps: UPDATES })
  return { figures, gradients }
}

/** The mean loss of all completion tokens, and its gradient in the model. */
export function sftLoss(model: Model, { groups, rows }: Oracle): number {
  const tokens = rows.reduce((count, { ids, promptLength }) => count + ids.length - promptLength, 0)
  let loss = 0
  model.accumulate(
    groups.map(({ group }) => group),
    { temperature: 1 },
    ({ logprobs }) => {
      loss = -sum(logprobs.flat().map((values) => sum([...values]))) / tokens
      return { logprobs: logprobs.map((group) => group.map((values) => values.map(() => -1 / tokens))) }
    },
  )
  return loss
}

/** The metrics of an update against those of the reference. */
export function figureFindings(name: string, found: Readonly<Record<string, number>>, want: StepFigures): Finding[] {
  const spelt: Record<keyof StepFigures, number> = {
    loss: found['loss']!,
    pg_loss: found['pg_loss']!,
    kl: found['kl']!,
    clipfrac: found['clip_ratio/low_mean']! + found['clip_ratio/high_mean']!,
    ppo_kl: found['ppo_kl']!,
    entropy: found['entropy']!,
    grad_norm: found['grad_norm']!,
  }
  return Object.entries(want).map(([key, value]) =>
    key === 'grad_norm'
      ? single(`${name} ${key}`, spelt[key], value, BOUND.gradients, 'rel')
      : single(`${name} ${key}`, spelt[key as keyof StepFigures], value, BOUND.parts),
  )
}
