// The loss tables against TRL, Tool-N1's trainer and finite differences; and that micro-batches may be cut anywhere.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import * as v from 'valibot'
import golden from '../../fixtures/golden/losses.json'
import vectors from '../../fixtures/golden/loss-vectors.json'
import { aggregations, type AggregationName } from '../../src/rl/loss/aggregate.ts'
import { klEstimate, klEstimators, type KlName } from '../../src/rl/loss/kl.ts'
import { corrections } from '../../src/rl/loss/importance.ts'
import { ratios, type RatioName } from '../../src/rl/loss/ratio.ts'
import { lossSettings } from '../../src/rl/loss/settings.ts'
import { computeLoss, entropyThreshold, type LossOptions, type LossSequence } from '../../src/rl/loss.ts'
import { surrogates, type SurrogateName } from '../../src/rl/loss/surrogate.ts'

const plain: LossOptions = {
  ...v.parse(v.object(lossSettings), { klCoefficient: 0, klClamp: null }),
  maxCompletionLength: 16,
}
const { inputs, cases } = golden
const lengths = inputs.mask.map((row) => row.reduce((sum, value) => sum + value, 0))
const tokens = lengths.reduce((sum, length) => sum + length, 0)
const cut = (rows: number[][]) => rows.map((row, i) => row.slice(0, lengths[i]))
const batch = (reference: boolean): LossSequence[] =>
  inputs.advantages.map((advantage, i) => ({
    logprobs: cut(inputs.logprobs)[i]!,
    oldLogprobs: cut(inputs.old_logprobs)[i]!,
    referenceLogprobs: reference ? cut(inputs.ref_logprobs)[i] : undefined,
    entropies: cut(inputs.entropy)[i],
    advantage,
  }))
const near = (actual: number, wanted: number, within = 1e-6) => expect(Math.abs(actual - wanted)).toBeLessThan(within)

const Trl = v.object({
  loss_type: v.string(),
  beta: v.number(),
  epsilon_low: v.number(),
  epsilon_high: v.number(),
  importance_sampling_level: v.picklist(['token', 'sequence']),
  delta: v.nullable(v.number()),
  max_completion_length: v.number(),
  top_entropy_quantile: v.number(),
  use_bias_correction_kl: v.boolean(),
  num_items_in_batch: v.number(),
})
const lossTypes: Record<string, Partial<LossOptions>> = {
  grpo: { aggregation: 'sequence' },
  bnpo: { aggregation: 'micro-batch' },
  dr_grpo: { aggregation: 'constant' },
  dapo: { aggregation: 'token' },
  luspo: { aggregation: 'sequence-sum' },
  sapo: { surrogate: 'sapo', aggregation: 'sequence' },
  // TRL's epsilon_high is the bound itself for cispo.
  cispo: { surrogate: 'cispo', aggregation: 'token' },
}

cases.forEach(({ source, config, loss, grad, ...figures }, index) => {
  test(`case ${index}: ${source} ${Object.values(config).join(' ')} gives the value, gradient and metrics of the reference`, () => {
    const trl = source.startsWith('trl') ? v.parse(Trl, config) : undefined
    const options: LossOptions = trl ? fromTrl(trl) : fromToolN1(config)
    const sequences = batch(options.klCoefficient > 0)
    if (trl && trl.top_entropy_quantile < 1) {
      const threshold = entropyThreshold(cut(inputs.entropy), trl.top_entropy_quantile)
      for (const sequence of sequences) sequence.entropyThreshold = threshold
    }
    const counts = { tokens: trl?.num_items_in_batch ?? tokens, sequences: 4, microTokens: tokens, microSequences: 4 }
    const { parts, byLogprob } = computeLoss(sequences, counts, options)
    near(parts.loss, loss)
    byLogprob.forEach((row, i) => row.forEach((value, t) => near(value, grad[i]![t]!)))
    const clipped = ratios[options.ratio].whole ? 4 : tokens
    if (figures.metrics) {
      const { metrics } = figures
      near(parts.entropy / tokens, metrics.entropy)
      if (metrics.kl !== undefined) near(parts.kl / tokens, metrics.kl)
      if (metrics['clip_ratio/low_mean'] !== undefined) near(parts.clippedLow / clipped, metrics['clip_ratio/low_mean'])
      if (metrics['clip_ratio/high_mean'] !== undefined)
        near(parts.clippedHigh / clipped, metrics['clip_ratio/high_mean'])
      if (metrics.cispo_clip_ratio !== undefined) near(parts.clippedHigh / clipped, metrics.cispo_clip_ratio)
    } else {
      near(parts.pgLoss, figures.pg_loss!)
      near(parts.kl / tokens, figures.kl!)
      near((parts.clippedLow + parts.clippedHigh) / clipped, figures.clipfrac!)
      near(parts.ppoKl / tokens, figures.ppo_kl!)
    }
  })
})

test('the k3 estimate with clamp 10 has the values of Tool-N1', () => {
  for (const { lp, ref, k3 } of vectors.k3) near(klEstimate('k3', lp - ref, 10).value, k3)
  near(klEstimate('k3', 12, null).value, 11.000006)
  near(klEstimate('k3', -3, null).value, 16.085537)
  expect(klEstimate('k3', -3, 10)).toEqual({ value: 10, slope: 0, clamped: true })
})

/** The objective of one token. */
const clipped = (ratio: number, advantage: number, dualClip: number | null = null) =>
  surrogates.clip.loss(
    { logprobs: [-1], ratios: [ratio], advantages: [advantage], weights: [1], right: true, rate: 0.5 },
    { ...plain, dualClip },
  )

test('the clipped objective has the values of Tool-N1, and gradient where it flows there', () => {
  for (const { A, ratio, loss, grad_flows } of vectors.ppo_token_loss) {
    const token = clipped(ratio, A)
    near(token.loss, loss)
    expect(token.byLogRatio[0] !== 0).toBe(grad_flows)
  }
  near(clipped(5, -1).loss, 5)
  near(clipped(5, -1, 3).loss, 3)
})

const logprob = fc.double({ min: -3, max: -0.01, noNaN: true })
const sequence = fc
  .array(fc.record({ a: logprob, b: logprob, c: logprob, h: fc.double({ min: 0, max: 3, noNaN: true }) }), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((rows) =>
    fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.boolean()).map(([advantage, right]): LossSequence => ({
      logprobs: rows.map(({ a }) => a),
      oldLogprobs: rows.map(({ b }) => b),
      referenceLogprobs: rows.map(({ c }) => c),
      entropies: rows.map(({ h }) => h),
      advantage,
      right,
      rate: 0.25,
      sampledLogprobs: rows.map(({ b }) => 0.9 * b),
    })),
  )
const option = fc.record({
  surrogate: fc.constantFrom(...(Object.keys(surrogates) as SurrogateName[])),
  ratio: fc.constantFrom(...(Object.keys(ratios) as RatioName[])),
  aggregation: fc.constantFrom(...(Object.keys(aggregations) as AggregationName[])),
  klEstimator: fc.constantFrom(...(Object.keys(klEstimators) as KlName[])),
  klWeighted: fc.boolean(),
  importanceCorrection: fc.constantFrom(...(Object.keys(corrections) as (keyof typeof corrections)[])),
})
const countsOf = (sequences: LossSequence[], all = sequences) => ({
  tokens: all.reduce((sum, { logprobs }) => sum + logprobs.length, 0),
  sequences: all.length,
  microTokens: sequences.reduce((sum, { logprobs }) => sum + logprobs.length, 0),
  microSequences: sequences.length,
})

test('the derivative by log-prob and entropy is that of finite differences for every smooth combination', () => {
  // A plus takes its gradient elsewhere on purpose, as NFT does beyond its bound; a stop-gradient has none to compare, and
  // kinks have two.
  const smooth = option.filter(
    ({ surrogate, ratio, klEstimator }) =>
      surrogate !== 'cispo' &&
      surrogate !== 'nft' &&
      ratio !== 'sequence-token' &&
      !klEstimator.endsWith('+') &&
      klEstimator !== 'abs',
  )
  fc.assert(
    fc.property(fc.array(sequence, { minLength: 1, maxLength: 3 }), smooth, (sequences, chosen) => {
      const options = {
        ...plain,
        ...chosen,
        clipLow: 0.999,
        clipHigh: 1e9,
        klCoefficient: 0.3,
        entropyCoefficient: 0.1,
      }
      const counts = countsOf(sequences)
      const value = () => computeLoss(sequences, counts, options).parts.loss
      const { byLogprob, byEntropy } = computeLoss(sequences, counts, options)
      sequences.forEach((each, i) => {
        for (let t = 0; t < each.logprobs.length; t++) {
          for (const [field, gradient] of [
            ['logprobs', byLogprob],
            ['entropies', byEntropy],
          ] as const) {
            const values = each[field] as number[]
            const [kept, h] = [values[t]!, 1e-5]
            values[t] = kept + h
            const above = value()
            values[t] = kept - h
            const below = value()
            values[t] = kept
            const slope = (above - below) / (2 * h)
            near(gradient[i]![t]!, slope, 1e-5 * Math.max(1, Math.abs(slope)))
          }
        }
      })
    }),
    { numRuns: 150, seed: 7 },
  )
})

describe.each(['token', 'product'] as const)('NFT with a ratio per %s', (ratio) => {
  const aggregation = ratio === 'token' ? 'token-sum' : 'sequence-total'
  const nft = (nftNormalize: number, nftNegative = 1): LossOptions => ({
    ...plain,
    surrogate: 'nft',
    ratio,
    aggregation,
    klCoefficient: 0,
    nftNormalize,
    nftNegative,
  })
  const of = (right: boolean, differences: number[], rate = 0.25): LossSequence => ({
    logprobs: differences.map((difference) => difference - 1),
    oldLogprobs: differences.map(() => -1),
    entropies: undefined,
    advantage: 0,
    right,
    rate,
  })
  const learn = (sequence: LossSequence, options: LossOptions) => computeLoss([sequence], countsOf([sequence]), options)
  const scale = ratio === 'token' ? 1 / 1000 : 1

  test('has the slopes of finite differences where no bound is met', () => {
    for (const [right, differences] of [
      [true, [0.3, -0.4]],
      [false, [-0.3, -0.4]],
    ] as const)
      for (const normalize of [0, 1, 2]) {
        const at = (h: number) => learn(of(right, [differences[0] + h, differences[1]]), nft(normalize)).parts.loss
        const { byLogprob } = learn(of(right, [...differences]), nft(normalize))
        near(byLogprob[0]![0]!, (at(1e-6) - at(-1e-6)) / 2e-6, 1e-6)
      }
  })

  test('is Dr.GRPO and GRPO where the policy is still that of the rollout', () => {
    const c = 0.25
    const slope = (right: boolean, normalize: number) => learn(of(right, [0, 0], c), nft(normalize)).byLogprob[0]![0]!
    near(slope(true, 1), -(1 - c) * scale, 1e-12)
    near(slope(false, 1), c * scale, 1e-12)
    near(slope(true, 2), -Math.sqrt((1 - c) / c) * scale, 1e-12)
    near(slope(false, 2), Math.sqrt(c / (1 - c)) * scale, 1e-12)
  })

  test('passes gradient on beyond its bound, and none from wrong answers where these weigh nothing', () => {
    const { parts, byLogprob } = learn(of(false, [0.5]), nft(0))
    expect(parts.loss).toBeCloseTo(0, 12)
    expect(byLogprob[0]![0]!).toBeGreaterThan(0)
    expect(learn(of(false, [0.5]), nft(0, 0)).byLogprob[0]![0]!).toBeCloseTo(0, 12)
  })
})

test('cutting a step into micro-batches anywhere changes neither loss nor gradient, the named compat average aside', () => {
  fc.assert(
    fc.property(fc.array(sequence, { minLength: 2, maxLength: 6 }), option, fc.nat(5), (sequences, chosen, at) => {
      fc.pre(chosen.aggregation !== 'micro-batch')
      const options = { ...plain, ...chosen, klCoefficient: 0.3, entropyCoefficient: 0.1 }
      const whole = computeLoss(sequences, countsOf(sequences), options)
      const cuts = [sequences.slice(0, at % sequences.length), sequences.slice(at % sequences.length)]
      const pieces = cuts.map((piece) => computeLoss(piece, countsOf(piece, sequences), options))
      near(
        pieces.reduce((sum, { parts }) => sum + parts.loss, 0),
        whole.parts.loss,
        1e-9 * Math.max(1, Math.abs(whole.parts.loss)),
      )
      expect(pieces.flatMap(({ byLogprob }) => byLogprob)).toEqual(whole.byLogprob)
    }),
    { numRuns: 200, seed: 7 },
  )
})

test("Tool-N1's average depends on the cut, as its trainer's does", () => {
  const sequences = batch(true)
  const options = { ...plain, aggregation: 'micro-batch' as const }
  const whole = computeLoss(sequences, countsOf(sequences), options).parts.loss
  const halves = [sequences.slice(0, 2), sequences.slice(2)].map(
    (half) => computeLoss(half, countsOf(half, sequences), options).parts.loss,
  )
  expect(Math.abs(halves[0]! + halves[1]! - whole)).toBeGreaterThan(1e-3)
})

function fromTrl(config: v.InferOutput<typeof Trl>): LossOptions {
  const row = lossTypes[config.loss_type]!
  return {
    ...plain,
    ...row,
    clipLow: config.epsilon_low,
    clipHigh: row.surrogate === 'cispo' ? config.epsilon_high - 1 : config.epsilon_high,
    dualClip: config.delta,
    ratio: config.importance_sampling_level,
    maxCompletionLength: config.max_completion_length,
    klCoefficient: config.beta,
    klWeighted: config.use_bias_correction_kl,
  }
}

function fromToolN1(config: object): LossOptions {
  const estimators = { kl: 'k1', abs: 'abs', mse: 'k2', low_var_kl: 'k3' } as const
  const { kl_type, kl_coef, cliprange } = v.parse(
    v.object({ kl_type: v.picklist(['kl', 'abs', 'mse', 'low_var_kl']), kl_coef: v.number(), cliprange: v.number() }),
    config,
  )
  return {
    ...plain,
    clipLow: cliprange,
    clipHigh: cliprange,
    klEstimator: estimators[kl_type],
    klCoefficient: kl_coef,
    klClamp: kl_type === 'low_var_kl' ? 10 : null,
  }
}
