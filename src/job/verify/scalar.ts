// The added parts `reward` and `critic`: a scalar head on the same blocks, its numbers, and the gradients of losses on them.
import { join } from 'node:path'
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import type { Device } from '../../gpu/device/device.ts'
import { wholeSequence } from '../../gpu/policy/batch.ts'
import { openScorer, type Scorer } from '../../gpu/policy/scorer.ts'
import { BOUND, compareTensors, errors, type Finding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const RewardFigures = v.object({ loss: v.number() })
const CriticFigures = v.object({ value_loss: v.number(), cliprange_value: v.number() })

/** Scores at the last token of each sequence; −log σ(chosen − rejected), mean over pairs. */
export function rewardFindings(device: Device, { dir, rows, added, read, sequences }: Oracle): Finding[] {
  const scorer = openScorer(device, join(dir, 'reward'), { training: { kind: 'full' } })
  const want = read('reward', 'forward.safetensors')!
  const [chosen, rejected] = ['chosen_', 'rejected_'].map((prefix) => sequences(prefix, 'dpo', 'pairs.safetensors'))
  const findings = [
    scoreFinding(
      'scores',
      scoresOf(
        scorer,
        rows.map(({ ids }) => ids),
      ),
      want,
    ),
    scoreFinding('chosen_scores', scoresOf(scorer, chosen!), want),
    scoreFinding('rejected_scores', scoresOf(scorer, rejected!), want),
  ]
  let loss = 0
  const pairs = chosen!.length
  scorer.accumulate([...chosen!, ...rejected!].map(wholeSequence), (values) => {
    const scores = values.map(lastOf)
    const margins = scores.slice(0, pairs).map((score, i) => score - scores[pairs + i]!)
    loss = sum(margins.map((margin) => Math.log1p(Math.exp(-margin)))) / pairs
    return values.map(([row], i) => {
      const slope = -1 / (1 + Math.exp(margins[i % pairs]!)) / pairs
      return [row!.map((_, t) => (t < row!.length - 1 ? 0 : i < pairs ? slope : -slope))]
    })
  })
  findings.push(single('reward loss', loss, added('reward', RewardFigures).loss, BOUND.parts))
  findings.push(...compareTensors('reward gradient', scorer.gradients(), read('reward', 'grads.safetensors')!))
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

const scoresOf = (scorer: Scorer, sequences: readonly number[][]): number[] =>
  scorer.values(sequences.map(wholeSequence)).map(lastOf)

function scoreFinding(name: string, found: readonly number[], want: ReadonlyMap<string, Float32Array>): Finding {
  const each = errors()
  each.add(found, want.get(name)!)
  return each.finding(`reward ${name}`, BOUND.logprobs, 'abs')
}
