// The engine against reference numbers: every quantity from logits to weights after three updates, with its error.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { BOUND, compareTensors, compareWeights, errors, NOISE, single, type Finding } from './finding.ts'
import { dpoFindings } from './dpo.ts'
import { logprobFindings } from './forward.ts'
import { greedyFindings } from './greedy.ts'
import { hiddenFindings } from './hidden.ts'
import { longFindings } from './long.ts'
import { maskedFindings } from './masked.ts'
import { criticFindings } from './critic.ts'
import { nftFindings } from './nft.ts'
import { samplingFindings } from './sampling.ts'
import { rewardFindings } from './reward.ts'
import { roundedFindings } from './rounded.ts'
import { treeFindings } from './tree.ts'
import { openOracle, type Oracle } from './oracle.ts'
import { figureFindings, sftLoss, update, UPDATES, weighted } from './update.ts'

/** All findings on a folder of reference numbers, in the order of the way of the data; `rounded` where float32 is not what is computed in. */
export async function verify(device: Device, dir: string, rounded = false): Promise<Finding[]> {
  const oracle = openOracle(dir)
  if (rounded) return await roundedFindings(device, oracle)
  const has = (part: string) => existsSync(join(dir, part))
  return [
    ...(await forwardFindings(device, oracle)),
    advantageFinding(oracle),
    ...(await updateFindings(device, oracle)),
    ...sftFindings(device, oracle),
    ...(has('adapter') ? await adapterFindings(device, oracle) : []),
    ...(has('masked') ? await maskedFindings(device, oracle) : []),
    ...(has('tree') ? treeFindings(device, oracle) : []),
    ...(has('dpo') ? await dpoFindings(device, oracle) : []),
    ...(has('reward') ? await rewardFindings(device, oracle) : []),
    ...(has('critic') ? await criticFindings(device, oracle) : []),
    ...(has('nft') ? await nftFindings(device, oracle) : []),
    ...(has('hidden') ? hiddenFindings(device, oracle) : []),
    ...(has('long') ? longFindings(device, oracle) : []),
    ...(has('sampling') ? samplingFindings(device, oracle) : []),
  ]
}

// ** quantities **

async function forwardFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, rows, length, read } = oracle
  const model = openModel(device, dir)
  const reference = read('forward.safetensors')!
  const V = model.config.vocabulary
  const logits = errors()
  rows.forEach(({ ids }, row) => {
    const want = reference.get('logits')!.subarray(row * length * V, (row * length + ids.length) * V)
    logits.add(model.logits(ids), want)
  })
  const findings = [
    ...logprobFindings('', model, oracle, reference),
    ...(await greedyFindings(model, oracle, BOUND.logprobs)),
  ]
  model.free()
  return [logits.finding('logits', BOUND.logits, 'abs'), ...findings]
}

function advantageFinding(oracle: Oracle): Finding {
  const { groups, rows, length, read } = oracle
  const want = read('forward.safetensors')!.get('advantages')!
  const found = errors()
  weighted(oracle).forEach(({ completions }, g) =>
    completions.forEach(({ advantage, advantages }, i) => {
      const row = groups[g]!.rows[i]!
      const { ids, promptLength } = rows[row]!
      const expected = want.subarray(row * (length - 1) + promptLength - 1, row * (length - 1) + ids.length - 1)
      found.add(advantages ?? new Float64Array(expected.length).fill(advantage), expected)
    }),
  )
  return found.finding('advantages', BOUND.parts, 'abs')
}

/** Updates on the batch: parts of the loss, the first gradient, weights after the first and the last. */
async function updateFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, expect, read } = oracle
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const rollouts = weighted(oracle)
  const findings: Finding[] = []
  const noise = new Map<string, Uint8Array>()
  for (let step = 0; step < UPDATES; step++) {
    const { figures, gradients } = await update(model, oracle, rollouts, step)
    if (step === 0) findings.push(...compareTensors('gradient', gradients, read('grads.safetensors')!))
    const clip = Math.min(1, expect.max_grad_norm / figures['grad_norm']!)
    for (const { name, value } of gradients) {
      const mask = noise.get(name) ?? new Uint8Array(value.length)
      value.forEach((g, i) => (mask[i]! |= Math.abs(g * clip) < NOISE ? 1 : 0))
      noise.set(name, mask)
    }
    findings.push(...figureFindings(`step${step}`, figures, [expect.step0, expect.step1, expect.step2][step]!))
    const after = read(`after${step + 1}.safetensors`)
    if (after) findings.push(...compareWeights(`weights after ${step + 1}`, model, after, noise))
  }
  model.free()
  return findings
}

function sftFindings(device: Device, oracle: Oracle): Finding[] {
  const { dir, expect, read } = oracle
  const want = read('sft_grads.safetensors')
  if (!want) return []
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const loss = sftLoss(model, oracle)
  const findings = [
    single('sft loss', loss, expect.sft_loss, BOUND.parts),
    ...compareTensors('sft gradient', model.gradients(), want),
  ]
  model.free()
  return findings
}

async function adapterFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, expect, read } = oracle
  const model = openModel(device, dir, {
    adapter: join(dir, 'adapter'),
    training: { kind: 'lora', rank: 1, alpha: 1, targets: [], seed: 0 },
  })
  const forward = logprobFindings('adapter ', model, oracle, read('adapter', 'forward.safetensors')!)
  const { figures, gradients } = await update(model, oracle, weighted(oracle), 0)
  model.free()
  return [
    ...forward,
    ...(expect.lora_loss === undefined
      ? []
      : [single('adapter loss', figures['loss']!, expect.lora_loss, BOUND.parts)]),
    ...compareTensors('adapter gradient', gradients, read('adapter', 'grads.safetensors')!),
  ]
}
