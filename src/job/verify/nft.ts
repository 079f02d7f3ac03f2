// The added part `nft`: the loss of every token or completion with its slopes, and the gradient of one step.
import * as v from 'valibot'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { computeLoss, type LossSequence } from '../../rl/loss.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'
import { recipeOf, update, weighted } from './update.ts'

const Figures = v.object({ losses: v.record(v.string(), v.number()), loss: v.number(), grad_norm: v.number() })

/** The ratio and the average of each form by the reference's name. */
const forms = {
  token: { ratio: 'token', aggregation: 'token-sum' },
  sequence: { ratio: 'product', aggregation: 'sequence-total' },
} as const

export async function nftFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { rows, length, added, read, dir } = oracle
  const figures = added('nft', Figures)
  const want = read('nft', 'losses.safetensors')!
  const [reward, rates] = [want.get('reward')!, want.get('correct_rate')!]
  // Losses are taken of the reference's own log-probs; those of the engine stand in the step.
  const forward = read('forward.safetensors')!.get('logprobs')!
  const logprobs = rows.map(({ ids, promptLength }, row) =>
    forward.subarray(row * (length - 1) + promptLength - 1, row * (length - 1) + ids.length - 1),
  )
  const findings = Object.entries(forms).flatMap(([form, { ratio, aggregation }]) =>
    [0, 1, 2].flatMap((nftNormalize) => {
      const options = recipeOf(oracle, { surrogate: 'nft', ratio, aggregation, nftNormalize, klCoefficient: 0 })
      const [per, slopes, fresh] = [errors(), errors(), errors()]
      let loss = 0
      const sequenceOf = (row: number, oldLogprobs: Float32Array): LossSequence => ({
        logprobs: logprobs[row]!,
        oldLogprobs,
        advantage: 0,
        right: reward[row]! > 0,
        rate: rates[row]!,
      })
      const learn = (sequence: LossSequence) => {
        const counts = { tokens: 1, sequences: 1, microTokens: 1, microSequences: 1 }
        const { parts, byLogprob } = computeLoss([sequence], counts, options)
        return { loss: parts.loss, slopes: byLogprob[0]! }
      }
      rows.forEach(({ promptLength, ids, oldLogprobs }, row) => {
        const from = row * (length - 1) + promptLength - 1
        const to = row * (length - 1) + ids.length - 1
        const whole = learn(sequenceOf(row, oldLogprobs))
        loss += whole.loss
        slopes.add(whole.slopes, want.get(`${form}.${nftNormalize}.dlogprobs`)!.subarray(from, to))
        fresh.add(
          learn(sequenceOf(row, logprobs[row]!)).slopes,
          want.get(`${form}.${nftNormalize}.onpolicy_dlogprobs`)!.subarray(from, to),
        )
        const expected = want.get(`${form}.${nftNormalize}.per`)!
        if (form === 'sequence') per.add([whole.loss], expected.subarray(row, row + 1))
        else
          oldLogprobs.forEach((old, t) => {
            const one = { ...sequenceOf(row, Float32Array.of(old)), logprobs: [logprobs[row]![t]!] }
            // The reference has each token's before the division by 1000.
            per.add([1000 * learn(one).loss], expected.subarray(from + t, from + t + 1))
          })
      })
      const name = `${form} normalize ${nftNormalize}`
      return [
        single(`nft ${name}`, loss, figures.losses[name]!, BOUND.parts),
        per.finding(`nft ${name} per`, BOUND.logprobs, 'abs'),
        slopes.finding(`nft ${name} dlogprobs`, BOUND.gradients, 'rel'),
        fresh.finding(`nft ${name} onpolicy_dlogprobs`, BOUND.gradients, 'rel'),
      ]
    }),
  )
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const recipe = recipeOf(oracle, { surrogate: 'nft', ...forms.token, nftNormalize: 1, klCoefficient: 0 })
  const step = await update(model, oracle, weighted(oracle), 0, recipe)
  const wanted = read('nft', 'grads.safetensors')!
  findings.push(
    single('nft loss', step.figures['loss']!, figures.loss, BOUND.parts),
    ...compareTensors(
      'nft gradient',
      step.gradients.filter(({ name }) => wanted.has(name)),
      wanted,
    ),
    normFinding('nft grad_norm', step.gradients, figures.grad_norm),
  )
  model.free()
  return findings
}
