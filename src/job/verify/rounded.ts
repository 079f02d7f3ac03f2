// The engine where it rounds to half precision, or to TF32, against the float32 numbers of a reference.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Device } from '../../gpu/device/device.ts'
import { type Model, openModel } from '../../gpu/policy/model.ts'
import type { Forward, Group } from '../../gpu/policy/policy.ts'
import { errors, type Finding } from './finding.ts'
import { logprobFindings } from './forward.ts'
import { greedyFindings } from './greedy.ts'
import type { Oracle } from './oracle.ts'
import { sftLoss, update, weighted } from './update.ts'

/** Log-probs lie so near, those of decoding to those of training, and gradients point where the reference's do. */
const ROUNDED = { logprobs: 0.05, decoded: 0.02, cosine: 0.99 } as const

/** What rounding leaves to be held: log-probs and gradients. Ids and updates may differ. */
export async function roundedFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, read } = oracle
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const forward = read('forward.safetensors')!
  const findings = [
    ...logprobFindings('', model, oracle, forward, ROUNDED.logprobs),
    ...(await greedyFindings(model, oracle, ROUNDED.decoded)).filter(({ by }) => by !== 'ids'),
  ]
  const sft = read('sft_grads.safetensors')
  if (sft) {
    sftLoss(model, oracle)
    findings.push(...compareDirections('sft gradient', model.gradients(), sft))
    model.clearGradients()
  }
  findings.push(...(await updateDirections('gradient', model, oracle, read('grads.safetensors')!, forward)))
  model.free()
  if (!existsSync(join(dir, 'adapter'))) return findings
  const adapted = openModel(device, dir, {
    adapter: join(dir, 'adapter'),
    training: { kind: 'lora', rank: 1, alpha: 1, targets: [], seed: 0 },
  })
  const bent = read('adapter', 'forward.safetensors')!
  const gradients = read('adapter', 'grads.safetensors')!
  findings.push(
    ...logprobFindings('adapter ', adapted, oracle, bent, ROUNDED.logprobs),
    ...(await updateDirections('adapter gradient', adapted, oracle, gradients, bent)),
  )
  adapted.free()
  return findings
}

/**
 * The gradient of an update whose loss sees the reference's log-probs: from rounded ones, a token at the bound of the clipping falls
 * to the other side of it, and then the loss is another one.
 */
async function updateDirections(
  kind: string,
  model: Model,
  oracle: Oracle,
  want: ReadonlyMap<string, Float32Array>,
  forward: ReadonlyMap<string, Float32Array>,
): Promise<Finding[]> {
  const accumulate: Model['accumulate'] = (groups, options, gradient) =>
    model.accumulate(groups, options, () => gradient(forwardOf(groups, oracle, forward)))
  const { gradients } = await update({ ...model, accumulate }, oracle, weighted(oracle), 0)
  return compareDirections(kind, gradients, want)
}

/** What the reference computed of the completions of the batch. */
function forwardOf(
  groups: readonly Group[],
  { groups: all, rows, length }: Oracle,
  found: ReadonlyMap<string, Float32Array>,
): Forward {
  const places = new Map(
    all.flatMap(({ group, rows }) => group.completions.map((ids, i) => [key(group.prompt, ids), rows[i]!] as const)),
  )
  const read = (name: string) =>
    groups.map(({ prompt, completions }) =>
      completions.map((ids) => {
        const row = places.get(key(prompt, ids))!
        const start = row * (length - 1) + rows[row]!.promptLength - 1
        return found.get(name)!.slice(start, start + ids.length)
      }),
    )
  return { logprobs: read('logprobs'), ...(found.has('entropy') && { entropies: read('entropy') }) }
}

const key = (prompt: readonly number[], ids: readonly number[]): string => `${prompt} ${ids}`

/** The cosine between each gradient and the reference's. */
function compareDirections(
  kind: string,
  found: readonly { name: string; value: Float32Array }[],
  want: ReadonlyMap<string, Float32Array>,
): Finding[] {
  return found.map(({ name, value }) => {
    const each = errors()
    const expected = want.get(name) ?? want.get(`base_model.model.${name}`)
    if (expected) each.add(value, expected)
    else each.missing()
    const finding = each.finding(`${kind} ${name}`, ROUNDED.cosine, 'abs')
    return { ...finding, by: 'cosine', ok: expected !== undefined && cosine(value, expected) >= ROUNDED.cosine }
  })
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [across, of, by] = [0, 0, 0]
  a.forEach((value, i) => {
    across += value * b[i]!
    of += value * value
    by += b[i]! * b[i]!
  })
  return across / Math.sqrt(of * by)
}
