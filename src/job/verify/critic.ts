// The added part `critic`: values, what they make of rewards, the gradient of the critic's loss and that of the policy's.
import { join } from 'node:path'
import * as v from 'valibot'
import type { Device } from '../../gpu/device/device.ts'
import { wholeSequence } from '../../gpu/policy/batch.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { openScorer } from '../../gpu/policy/scorer.ts'
import { accumulateValues } from '../../rl/critic.ts'
import type { Frozen, Judged, Weighted } from '../../rl/record.ts'
import { gather } from '../../rl/trained.ts'
import { tokenRewards, weigh } from '../../rl/weigh.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import { trainedSpans } from './masked.ts'
import type { Oracle } from './oracle.ts'
import { frozen, recipeOf, update } from './update.ts'

const Case = v.object({ gamma: v.number(), lam: v.number(), kl_coef: v.number(), mask: v.string() })
const Figures = v.object({
  cases: v.record(v.string(), Case),
  cliprange_value: v.number(),
  value_loss: v.number(),
  value_clipfrac: v.number(),
  value_grad_norm: v.number(),
  policy_loss: v.number(),
  policy_clipfrac: v.number(),
  policy_ppo_kl: v.number(),
  policy_grad_norm: v.number(),
})

/** The case whose returns and advantages the gradients are of. */
const LEARNT = 'a'

export async function criticFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, rows, length, added, read } = oracle
  const figures = added('critic', Figures)
  const scorer = openScorer(device, join(dir, 'critic'), { training: { kind: 'full' } })
  const values = errors()
  const want = read('critic', 'forward.safetensors')!.get('values')!
  const found = scorer.values(rows.map(({ ids }) => wholeSequence(ids)))
  rows.forEach(({ ids }, row) => values.add(found[row]![0]!, want.subarray(row * length, row * length + ids.length)))
  const findings = [values.finding('critic values', BOUND.logprobs, 'abs')]
  const estimated = Object.entries(figures.cases).map(([name, of]) => [name, estimate(oracle, of)] as const)
  for (const [name, each] of estimated) findings.push(...caseFindings(oracle, name, each))

  const { rollouts } = estimated.find(([name]) => name === LEARNT)![1]
  const recipe = { clipValue: figures.cliprange_value, microBatchTokens: 2048 }
  const learned = await accumulateValues(rollouts, { critic: scorer, recipe })
  findings.push(
    single('critic value_loss', learned.loss, figures.value_loss, BOUND.parts),
    single('critic value_clipfrac', learned.clipped / learned.tokens, figures.value_clipfrac, BOUND.parts),
    ...compareTensors('critic gradient', scorer.gradients(), read('critic', 'grads.safetensors')!),
    normFinding('critic value_grad_norm', scorer.gradients(), figures.value_grad_norm),
  )
  scorer.free()

  const model = openModel(device, dir, { training: { kind: 'full' } })
  const step = await update(model, oracle, rollouts, 0, recipeOf(oracle, { klCoefficient: 0 }))
  const clipped = step.figures['clip_ratio/low_mean']! + step.figures['clip_ratio/high_mean']!
  const wanted = read('critic', 'policy_grads.safetensors')!
  findings.push(
    single('critic policy_loss', step.figures['pg_loss']!, figures.policy_loss, BOUND.parts),
    single('critic policy_clipfrac', clipped, figures.policy_clipfrac, BOUND.parts),
    single('critic policy_ppo_kl', step.figures['ppo_kl']!, figures.policy_ppo_kl, BOUND.parts),
    // The file leaves out the embedding and the head.
    ...compareTensors(
      'critic policy gradient',
      step.gradients.filter(({ name }) => wanted.has(name)),
      wanted,
    ),
    normFinding('critic policy_grad_norm', step.gradients, figures.policy_grad_norm),
  )
  model.free()
  return findings
}

interface Estimate {
  frozen: Judged<Frozen>[]
  rollouts: Judged<Weighted>[]
  rewards: number[][]
  raw: number[][]
}

/** What the trainer makes of a case; raw advantages are returns less values. */
function estimate(oracle: Oracle, { gamma, lam, kl_coef: klCoefficient, mask }: v.InferOutput<typeof Case>): Estimate {
  const { rows, groups, length, read } = oracle
  const old = read('critic', 'batch.safetensors')!.get('old_values')!
  const spans = mask === 'completion_mask' ? undefined : trainedSpans(oracle, ...mask.split('/'))
  const recipe = recipeOf(oracle, {
    advantage: 'gae',
    klIn: 'reward',
    klEstimator: 'k1',
    klClamp: null,
    klCoefficient,
    gamma,
    gaeLambda: lam,
  })
  const withValues = frozen(oracle, spans).map((each, g) => ({
    ...each,
    completions: each.completions.map((completion, i) => {
      const row = groups[g]!.rows[i]!
      const from = row * (length - 1) + rows[row]!.promptLength - 1
      return { ...completion, values: old.slice(from, from + completion.ids.length) }
    }),
  }))
  const rollouts = weigh(withValues, recipe)
  const completions = rollouts.flatMap((each) => each.completions)
  return {
    frozen: withValues,
    rollouts,
    rewards: completions.map((each) => tokenRewards(each, recipe)),
    raw: completions.map((each) => {
      const values = gather(each.values!, each)
      return each.returns!.map((value, t) => value - values[t]!)
    }),
  }
}

function caseFindings(
  { rows, groups, length, read }: Oracle,
  name: string,
  { rollouts, rewards, raw }: Estimate,
): Finding[] {
  const want = read('critic', 'gae.safetensors')!
  const completions = rollouts.flatMap((each) => each.completions)
  const places = groups.flatMap(({ rows }) => rows)
  const found = {
    rewards,
    raw_advantages: raw,
    returns: completions.map((each) => each.returns!),
    advantages: completions.map((each) => each.advantages!),
  }
  return Object.entries(found).map(([what, values]) => {
    const [each, expected] = [errors(), want.get(`${name}.${what}`)!]
    completions.forEach((completion, i) => {
      const from = places[i]! * (length - 1) + rows[places[i]!]!.promptLength - 1
      each.add(values[i]!, gather(expected.subarray(from, from + completion.ids.length), completion))
    })
    return each.finding(`critic ${name} ${what}`, BOUND.parts * Math.max(1, ...expected.map(Math.abs)), 'abs')
  })
}
