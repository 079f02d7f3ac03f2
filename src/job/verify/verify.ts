// The engine against reference numbers: every quantity from logits to weights after three updates, with its error.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Device } from '../../gpu/device/device.ts'
import { generateAll } from '../../gpu/policy/generate.ts'
import { openModel, type Model } from '../../gpu/policy/model.ts'
import type { Forward, Group, PerToken } from '../../gpu/policy/policy.ts'
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import { advantages } from '../../rl/advantage.ts'
import { BOUND, compareTensors, compareWeights, errors, NOISE, single, type Finding } from './finding.ts'
import { computeLoss, emptyParts, type LossParts, type LossSequence } from '../../rl/loss.ts'
import { lossSettings } from '../../rl/loss/settings.ts'
import { openOracle, type Oracle, type StepFigures } from './oracle.ts'

/** All findings on a folder of reference numbers, in the order of the way of the data. */
export async function verify(device: Device, dir: string): Promise<Finding[]> {
  const oracle = openOracle(dir)
  const findings = [
    ...forwardFindings(device, oracle),
    ...(await greedyFindings(device, oracle)),
    advantageFinding(oracle),
    ...updateFindings(device, oracle),
    ...sftFindings(device, oracle),
    ...(existsSync(join(dir, 'adapter')) ? adapterFindings(device, oracle) : []),
  ]
  return findings
}

// ** quantities **

function forwardFindings(device: Device, { dir, rows, length, expect, read }: Oracle): Finding[] {
  const model = openModel(device, dir)
  const reference = read('forward.safetensors')!
  const V = model.config.vocabulary
  const logits = errors()
  rows.forEach(({ ids }, row) => {
    const want = reference.get('logits')!.subarray(row * length * V, (row * length + ids.length) * V)
    logits.add(model.logits(ids), want)
  })
  const logprobs = errors()
  const entropies = errors()
  const whole = rows.map(({ ids }) => ({ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }))
  const forward = model.forward(whole, { temperature: expect.temperature, entropy: true })
  rows.forEach(({ ids }, row) => {
    const from = row * (length - 1)
    const to = from + ids.length - 1
    logprobs.add(forward.logprobs[row]![0]!, reference.get('logprobs')!.subarray(from, to))
    entropies.add(forward.entropies![row]![0]!, reference.get('entropy')!.subarray(from, to))
  })
  model.free()
  return [
    logits.finding('logits', BOUND.logits, 'abs'),
    logprobs.finding('logprobs', BOUND.logprobs, 'abs'),
    entropies.finding('entropy', BOUND.logprobs, 'abs'),
  ]
}

async function greedyFindings(device: Device, { dir, rows, expect }: Oracle): Promise<Finding[]> {
  const model = openModel(device, dir)
  const findings: Finding[] = []
  for (const [row, want] of Object.entries(expect.greedy)) {
    const { ids, promptLength } = rows[Number(row)]!
    const request = { prompt: ids.slice(0, promptLength), samples: 1, key: [0] }
    const sampling = { temperature: 0, maxNewTokens: want.length, eosIds: [] }
    const [[completion] = []] = await generateAll(model, [request], sampling)
    const wrong = want.filter((id, i) => completion!.ids[i] !== id).length
    const { logprobs } = model.forward([{ prompt: request.prompt, completions: [completion!.ids] }], { temperature: 1 })
    const decode = errors()
    decode.add(completion!.logprobs, logprobs[0]![0]!)
    findings.push({
      name: `greedy ids ${row}`,
      max_abs: wrong,
      max_rel: wrong / want.length,
      bound: 0,
      by: 'abs',
      ok: wrong === 0,
    })
    findings.push(decode.finding(`decode logprobs ${row}`, BOUND.logprobs, 'abs'))
  }
  model.free()
  return findings
}

function advantageFinding({ groups, rows, length, read }: Oracle): Finding {
  const want = read('forward.safetensors')!.get('advantages')!
  const found = errors()
  const values = advantagesOf({ groups, rows })
  groups.forEach(({ rows: members }, g) =>
    members.forEach((row, i) => {
      const { ids, promptLength } = rows[row]!
      const expected = want.subarray(row * (length - 1) + promptLength - 1, row * (length - 1) + ids.length - 1)
      found.add(new Float64Array(expected.length).fill(values[g]![i]!), expected)
    }),
  )
  return found.finding('advantages', BOUND.parts, 'abs')
}

/** Three updates on the batch: parts of the loss, the first gradient, weights after the first and the third. */
function updateFindings(device: Device, oracle: Oracle): Finding[] {
  const { dir, expect, read } = oracle
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const findings: Finding[] = []
  const noise = new Map<string, Uint8Array>()
  ;[expect.step0, expect.step1, expect.step2].forEach((want, step) => {
    const { parts, entropy } = accumulateLoss(model, oracle)
    const gradients = model.gradients()
    if (step === 0) findings.push(...compareTensors('gradient', gradients, read('grads.safetensors')!))
    const { gradNorm } = model.update({
      learningRate: expect.lr,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: expect.weight_decay,
      maxGradNorm: expect.max_grad_norm,
    })
    const clip = Math.min(1, expect.max_grad_norm / gradNorm)
    for (const { name, value } of gradients) {
      const mask = noise.get(name) ?? new Uint8Array(value.length)
      value.forEach((g, i) => (mask[i]! |= Math.abs(g * clip) < NOISE ? 1 : 0))
      noise.set(name, mask)
    }
    findings.push(...figureFindings(`step${step}`, { ...parts, entropy, grad_norm: gradNorm }, want))
    const after = read(`after${step + 1}.safetensors`)
    if (after) findings.push(...compareWeights(`weights after ${step + 1}`, model, after, noise))
  })
  model.free()
  return findings
}

function sftFindings(device: Device, { dir, groups, rows, expect, read }: Oracle): Finding[] {
  const want = read('sft_grads.safetensors')
  if (!want) return []
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const tokens = rows.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0)
  let loss = 0
  model.accumulate(
    groups.map(({ group }) => group),
    { temperature: 1 },
    ({ logprobs }) => {
      loss = -sum(logprobs.flat().map((values) => sum([...values]))) / tokens
      return { logprobs: logprobs.map((group) => group.map((values) => values.map(() => -1 / tokens))) }
    },
  )
  const findings = [
    single('sft loss', loss, expect.sft_loss, BOUND.parts),
    ...compareTensors('sft gradient', model.gradients(), want),
  ]
  model.free()
  return findings
}

function adapterFindings(device: Device, oracle: Oracle): Finding[] {
  const { dir, rows, length, expect, read } = oracle
  const model = openModel(device, dir, {
    adapter: join(dir, 'adapter'),
    training: { kind: 'lora', rank: 1, alpha: 1, targets: [], seed: 0 },
  })
  const logprobs = errors()
  const whole = rows.map(({ ids }) => ({ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }))
  const forward = model.forward(whole, { temperature: expect.temperature })
  const want = read('adapter', 'forward.safetensors')!.get('logprobs')!
  rows.forEach(({ ids }, row) => {
    const from = row * (length - 1)
    logprobs.add(forward.logprobs[row]![0]!, want.subarray(from, from + ids.length - 1))
  })
  const { parts } = accumulateLoss(model, oracle)
  const findings = [
    logprobs.finding('adapter logprobs', BOUND.logprobs, 'abs'),
    ...(expect.lora_loss === undefined ? [] : [single('adapter loss', parts.loss, expect.lora_loss, BOUND.parts)]),
    ...compareTensors('adapter gradient', model.gradients(), read('adapter', 'grads.safetensors')!),
  ]
  model.free()
  return findings
}

// ** the loss of the reference: clipped policy loss + 0.1·k3, both token means (Tool-N1's trainer, hence the defaults) **

function accumulateLoss(model: Model, oracle: Oracle): { parts: LossParts; entropy: number } {
  const { expect, groups, rows } = oracle
  const said = { klCoefficient: expect.kl_coef, clipLow: expect.clip, clipHigh: expect.clip }
  const options = { ...v.parse(v.object(lossSettings), said), maxCompletionLength: 1 }
  const values = advantagesOf(oracle)
  const tokens = rows.reduce((total, { ids, promptLength }) => total + ids.length - promptLength, 0)
  const counts = { tokens, sequences: rows.length, microTokens: tokens, microSequences: rows.length }
  let parts = emptyParts()
  const plain: Group[] = groups.map(({ group }) => group)
  model.accumulate(plain, { temperature: expect.temperature, entropy: true }, (forward: Forward) => {
    const sequences = groups.flatMap(({ rows: members }, g) =>
      members.map((row, i): LossSequence => ({
        logprobs: forward.logprobs[g]![i]!,
        oldLogprobs: rows[row]!.oldLogprobs,
        referenceLogprobs: rows[row]!.referenceLogprobs,
        entropies: forward.entropies![g]![i]!,
        advantage: values[g]![i]!,
      })),
    )
    const result = computeLoss(sequences, counts, options)
    parts = result.parts
    let next = 0
    const logprobs: PerToken = groups.map(({ rows: members }) =>
      members.map(() => Float32Array.from(result.byLogprob[next++]!)),
    )
    return { logprobs }
  })
  return { parts: perTokenMeans(parts, tokens), entropy: parts.entropy / tokens }
}

function perTokenMeans(parts: LossParts, tokens: number): LossParts {
  const { kl, ppoKl, clippedLow, clippedHigh } = parts
  const mean = (value: number) => value / tokens
  return { ...parts, kl: mean(kl), ppoKl: mean(ppoKl), clippedLow: mean(clippedLow), clippedHigh: mean(clippedHigh) }
}

function advantagesOf({ groups, rows }: Pick<Oracle, 'groups' | 'rows'>): number[][] {
  const rewards = groups.map(({ rows: members }) => members.map((row) => rows[row]!.reward))
  return advantages.grpo.compute({ rewards, lengths: [] }, { advantageEpsilon: 1e-6, scaleRewards: 'group' })
}

// ** errors **

function figureFindings(
  step: string,
  found: LossParts & { entropy: number; grad_norm: number },
  want: StepFigures,
): Finding[] {
  const pairs: Record<keyof StepFigures, number> = {
    loss: found.loss,
    pg_loss: found.pgLoss,
    kl: found.kl,
    clipfrac: found.clippedLow + found.clippedHigh,
    ppo_kl: found.ppoKl,
    entropy: found.entropy,
    grad_norm: found.grad_norm,
  }
  return Object.entries(want).map(([name, value]) => {
    const key = name as keyof StepFigures
    const { bound, by } =
      key === 'grad_norm' ? { bound: BOUND.gradients, by: 'rel' as const } : { bound: BOUND.parts, by: 'abs' as const }
    return single(`${step} ${name}`, pairs[key], value, bound, by)
  })
}
