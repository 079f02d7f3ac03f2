// The added parts `reward` and `critic`: a scalar head on the same blocks, its numbers, and the gradients of losses on them.
import { join } from 'node:path'
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import type { Device } from '../../gpu/device/device.ts'
import { wholeSequence } from '../../gpu/policy/batch.ts'
import { openScorer } from '../../gpu/policy/scorer.ts'
import { accumulate } from '../../rl/rm.ts'
import { normFinding, pairsOf } from './dpo.ts'
import { BOUND, compareTensors, errors, type Finding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const RewardFigures = v.object({
  loss: v.number(),
  loss_centered: v.number(),
  center_rewards_coefficient: v.number(),
  grad_norm: v.number(),
  trl_metrics: v.record(v.string(), v.number()),
})
const CriticFigures = v.object({ value_loss: v.number(), cliprange_value: v.number() })

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

/** Values of every position; 0.5·mean max((v − R)², (clip(v, old ± ε) − R)²) over the completions' tokens. */
export function criticFindings(device: Device, { dir, rows, length, added, read }: Oracle): Finding[] {
  const scorer = openScorer(device, join(dir, 'critic'), { training: { kind: 'full' } })
  const [want, old, returns] = [
    read('critic', 'forward.safetensors')!.get('values')!,
    read('critic', 'batch.safetensors')!.get('old_values')!,
    read('critic', 'gae.safetensors')!.get('a.returns')!,
  ]
  const each = errors()
  const values = scorer.values(rows.map(({ ids }) => wholeSequence(ids)))
  rows.forEach(({ ids }, row) => each.add(values[row]![0]!, want.subarray(row * length, row * length + ids.length)))

  const { value_loss, cliprange_value: range } = added('critic', CriticFigures)
  const tokens = sum(rows.map(({ ids, promptLength }) => ids.length - promptLength))
  let loss = 0
  const groups = rows.map(({ ids, promptLength }) => ({
    prompt: ids.slice(0, promptLength),
    completions: [ids.slice(promptLength)],
  }))
  scorer.accumulate(groups, (found) =>
    found.map(([row], i) => [
      row!.map((value, t) => {
        // The value that belongs to a token stands at the position before it.
        const at = i * (length - 1) + rows[i]!.promptLength - 1 + t
        const clipped = Math.min(Math.max(value, old[at]! - range), old[at]! + range)
        const [free, bound] = [value - returns[at]!, clipped - returns[at]!]
        loss += (0.5 * Math.max(free ** 2, bound ** 2)) / tokens
        return free ** 2 >= bound ** 2 || clipped === value ? free / tokens : 0
      }),
    ]),
  )
  const findings = [
    each.finding('critic values', BOUND.logprobs, 'abs'),
    single('critic value_loss', loss, value_loss, BOUND.parts),
    ...compareTensors('critic gradient', scorer.gradients(), read('critic', 'grads.safetensors')!),
  ]
  scorer.free()
  return findings
}

const lastOf = (values: readonly Float32Array[]): number => values[0]!.at(-1)!
