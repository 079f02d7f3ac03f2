// The added part `dpo`: log-probs of pairs, every objective on them with its slopes, and the gradient of one step.
import { join } from 'node:path'
import * as v from 'valibot'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { openSafetensors } from '../../gpu/weights/safetensors.ts'
import { accumulate } from '../../rl/dpo.ts'
import { pairLosses, rewardOf, type PairLossName, type PairLossRow, type Text } from '../../rl/loss/pair.ts'
import { groupOf } from '../../rl/pair.ts'
import type { Pair } from '../../rl/record.ts'
import { asTrl } from '../../rundir/metrics.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const PerPair = v.array(v.number())
const Objectives = v.object({
  ref_chosen_logps: PerPair,
  ref_rejected_logps: PerPair,
  losses: v.record(v.string(), v.number()),
  d_chosen_logps: v.record(v.string(), PerPair),
  d_rejected_logps: v.record(v.string(), PerPair),
  rewards_chosen: PerPair,
  rewards_rejected: PerPair,
})
type Objectives = v.InferOutput<typeof Objectives>
const Figures = v.object({
  ...Objectives.entries,
  beta: v.number(),
  chosen_logps: PerPair,
  rejected_logps: PerPair,
  far: Objectives,
  loss: v.number(),
  grad_norm: v.number(),
  accuracy: v.number(),
  trl_metrics: v.record(v.string(), v.number()),
})

/** Log-probs, objectives and slopes, then what the trainer makes of the pairs in one step. */
export async function dpoFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, added, read } = oracle
  const want = added('dpo', Figures)
  const pairs = pairsOf(oracle)
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const { logprobs } = model.forward(pairs.map(groupOf), { temperature: 1 })
  const forward = read('dpo', 'forward.safetensors')!
  const findings = (['chosen', 'rejected'] as const).map((side, s) => {
    const [each, expected] = [errors(), forward.get(`${side}_logprobs`)!]
    const width = expected.length / pairs.length
    pairs.forEach(({ prompt, [side]: { ids } }, row) => {
      const from = row * width + prompt.length - 1
      each.add(logprobs[row]![s]!, expected.subarray(from, from + ids.length))
    })
    return each.finding(`dpo ${side}_logprobs`, BOUND.logprobs, 'abs')
  })
  findings.push(...objectiveFindings('dpo', want, want, pairs), ...objectiveFindings('dpo far', want.far, want, pairs))
  const recipe = {
    loss: 'sigmoid',
    klCoefficient: want.beta,
    labelSmoothing: 0,
    rpoAlpha: 0,
    microBatchTokens: 2048,
  } as const
  const reference = pairs.map((_, i) => ({ chosen: want.ref_chosen_logps[i]!, rejected: want.ref_rejected_logps[i]! }))
  const found = await accumulate(pairs, { recipe, policy: model, reference })
  findings.push(
    single('dpo loss', found['loss']!, want.loss, BOUND.parts),
    single('dpo accuracy', found['rewards/accuracies']!, want.accuracy, BOUND.parts),
    ...Object.keys(found).flatMap((name) =>
      want.trl_metrics[asTrl(name)] === undefined
        ? []
        : [single(`dpo ${name}`, found[name]!, want.trl_metrics[asTrl(name)]!, BOUND.parts)],
    ),
    ...compareTensors('dpo gradient', model.gradients(), read('dpo', 'grads.safetensors')!),
    normFinding('dpo grad_norm', model.gradients(), want.grad_norm),
  )
  model.free()
  return findings
}

/** Every objective on the reference's own sums, and what each text earns. */
function objectiveFindings(
  name: string,
  want: Objectives,
  { beta, chosen_logps, rejected_logps }: v.InferOutput<typeof Figures>,
  pairs: readonly Pair[],
): Finding[] {
  const texts = pairs.map(({ chosen, rejected }, i): [Text, Text] => [
    { logps: chosen_logps[i]!, reference: want.ref_chosen_logps[i]!, tokens: chosen.ids.length },
    { logps: rejected_logps[i]!, reference: want.ref_rejected_logps[i]!, tokens: rejected.ids.length },
  ])
  const list = (what: string, found: readonly number[], expected: readonly number[]) => {
    const each = errors()
    each.add(found, expected)
    return each.finding(`${name} ${what}`, BOUND.parts * Math.max(1, ...expected.map(Math.abs)), 'abs')
  }
  const rewards = ([0, 1] as const).map((side) => texts.map((pair) => rewardOf(pair[side], beta)))
  return [
    list('rewards_chosen', rewards[0]!, want.rewards_chosen),
    list('rewards_rejected', rewards[1]!, want.rewards_rejected),
    ...Object.entries(want.losses).flatMap(([spelt, loss]) => {
      const { row, labelSmoothing } = objectiveOf(spelt)
      const found = texts.map(([chosen, rejected]) =>
        row.loss(chosen, rejected, { klCoefficient: beta, labelSmoothing }),
      )
      const mean = (of: (each: (typeof found)[number]) => number) => found.map((each) => of(each) / found.length)
      return [
        single(
          `${name} loss ${spelt}`,
          mean((each) => each.loss).reduce((sum, each) => sum + each, 0),
          loss,
          BOUND.parts,
        ),
        list(
          `d_chosen_logps ${spelt}`,
          mean((each) => each.byChosen),
          want.d_chosen_logps[spelt]!,
        ),
        list(
          `d_rejected_logps ${spelt}`,
          mean((each) => each.byRejected),
          want.d_rejected_logps[spelt]!,
        ),
      ]
    }),
  ]
}

/** `robust label_smoothing 0.1`, `ipo sum`. */
function objectiveOf(spelt: string): { row: PairLossRow; labelSmoothing: number } {
  const [name = '', smoothing = '0'] = spelt.split(' label_smoothing ')
  return { row: pairLosses[name.replace(' ', '-') as PairLossName], labelSmoothing: Number(smoothing) }
}

/** The pairs of the folder. */
export function pairsOf({ dir, sequences }: Oracle): Pair[] {
  const file = openSafetensors(join(dir, 'dpo', 'pairs.safetensors'))
  const side = (name: string) => {
    const ids = sequences(`${name}_`, 'dpo', 'pairs.safetensors')
    const mask = file.integers(`${name}_completion_mask`)
    const width = mask.length / ids.length
    return ids.map((all, row) => ({ all, promptLength: mask.indexOf(1, row * width) - row * width }))
  }
  const [chosen, rejected] = [side('chosen'), side('rejected')]
  file.close()
  const written = ({ all, promptLength }: { all: number[]; promptLength: number }) => {
    const ids = all.slice(promptLength)
    return { ids, trained: [{ from: 0, to: ids.length }] }
  }
  return chosen.map((first, index) => ({
    index,
    id: String(index),
    prompt: first.all.slice(0, first.promptLength),
    chosen: written(first),
    rejected: written(rejected[index]!),
  }))
}
