// The added part `tree`: leaves of one prompt that share their beginnings, each token weighed by its leaf's advantage.
import { join } from 'node:path'
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { openSafetensors } from '../../gpu/weights/safetensors.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const Figures = v.object({ loss: v.number(), grad_norm: v.number() })

/** Log-probs of every token, and the gradient of Σ weight·(−advantage·log-prob). */
export function treeFindings(device: Device, { dir, added, sequences, read }: Oracle): Finding[] {
  const figures = added('tree', Figures)
  const want = read('tree', 'forward.safetensors')!
  const file = openSafetensors(join(dir, 'tree', 'batch.safetensors'))
  const [weights, advantages] = [file.floats('weight'), file.floats('advantages')]
  file.close()
  const leaves = sequences('', 'tree', 'batch.safetensors')
  const width = want.get('logprobs')!.length / leaves.length
  const rowOf = (values: Float32Array, row: number) =>
    values.subarray(row * width, row * width + leaves[row]!.length - 1)
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const logprobs = errors()
  let loss = 0
  const groups = leaves.map((ids) => ({ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }))
  model.accumulate(groups, { temperature: 1 }, (forward) => ({
    logprobs: forward.logprobs.map(([found], row) => {
      logprobs.add(found!, rowOf(want.get('logprobs')!, row))
      const earned = rowOf(advantages, row)
      const slopes = rowOf(weights, row).map((weight, t) => -weight * earned[t]!)
      loss += sum(Array.from(slopes, (slope, t) => slope * found![t]!))
      return [slopes]
    }),
  }))
  const findings = [
    logprobs.finding('tree logprobs', BOUND.logprobs, 'abs'),
    single('tree loss', loss, figures.loss, BOUND.parts),
    ...compareTensors('tree gradient', model.gradients(), read('tree', 'grads.safetensors')!),
    normFinding('tree grad_norm', model.gradients(), figures.grad_norm),
  ]
  model.free()
  return findings
}
