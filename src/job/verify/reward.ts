// The added part `reward`: scores of a scalar head on the same blocks, and the gradient of one step on pairs.
import { join } from 'node:path'
import * as v from 'valibot'
import type { Device } from '../../gpu/device/device.ts'
import { wholeSequence } from '../../gpu/policy/batch.ts'
import { openScorer } from '../../gpu/policy/scorer.ts'
import { accumulate } from '../../rl/rm.ts'
import { pairsOf } from './dpo.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const RewardFigures = v.object({
  loss: v.number(),
  loss_centered: v.number(),
  center_rewards_coefficient: v.number(),
  grad_norm: v.number(),
  trl_metrics: v.record(v.string(), v.number()),
})

/** Scores at the last token of each sequence, then what the trainer makes of the pairs in one step. */
export async function rewardFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, rows, added, read } = oracle
  const scorer = openScorer(device, join(dir, 'reward'), { training: { kind: 'full' } })
  const want = read('reward', 'forward.safetensors')!
  const figures = added('reward', RewardFigures)
  const pairs = pairsOf(oracle)
  const side = (name: 'chosen' | 'rejected') => pairs.map(({ prompt, [name]: { ids } }) => [...prompt, ...ids])
  const ids = { scores: rows.map((row) => row.ids), chosen_scores: side('chosen'), rejected_scores: side('rejected') }
  const findings = Object.entries(ids).map(([name, sequences]) => {
    const each = errors()
    each.add(scorer.values(sequences.map(wholeSequence)).map(lastOf), want.get(name)!)
    return each.finding(`reward ${name}`, BOUND.logprobs, 'abs')
  })
  const step = async (centerRewardsCoefficient: number) =>
    await accumulate(pairs, { recipe: { centerRewardsCoefficient, microBatchTokens: 2048 }, policy: scorer })
  const found = await step(0)
  findings.push(
    single('reward loss', found['loss']!, figures.loss, BOUND.parts),
    ...Object.entries(figures.trl_metrics).flatMap(([name, value]) =>
      found[name] === undefined ? [] : [single(`reward ${name}`, found[name], value, BOUND.parts)],
    ),
    ...compareTensors('reward gradient', scorer.gradients(), read('reward', 'grads.safetensors')!),
    normFinding('reward grad_norm', scorer.gradients(), figures.grad_norm),
  )
  const centred = await step(figures.center_rewards_coefficient)
  findings.push(single('reward loss_centered', centred['loss']!, figures.loss_centered, BOUND.parts))
  scorer.free()
  return findings
}

const lastOf = (values: readonly Float32Array[]): number => values[0]!.at(-1)!
