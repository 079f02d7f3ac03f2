// The added part `hidden`: the residual stream of the batch, layer by layer, and after the final norm.
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { BOUND, errors, type Finding } from './finding.ts'
import type { Oracle } from './oracle.ts'

export function hiddenFindings(device: Device, { dir, rows, length, read }: Oracle): Finding[] {
  const want = read('hidden', 'states.safetensors')!
  const model = openModel(device, dir)
  const { layers, hidden: D } = model.config
  const residual = Array.from({ length: layers + 1 }, errors)
  const final = errors()
  rows.forEach(({ ids }, row) => {
    const found = model.hidden(ids)
    const expected = (name: string, layer: number) => {
      const from = (layer * rows.length + row) * length * D
      return want.get(name)!.subarray(from, from + ids.length * D)
    }
    residual.forEach((each, layer) => each.add(found.residual[layer]!, expected('residual', layer)))
    final.add(found.final, expected('final', 0))
  })
  model.free()
  return [
    ...residual.map((each, layer) => each.finding(`hidden residual ${layer}`, BOUND.logprobs, 'abs')),
    final.finding('hidden final', BOUND.logprobs, 'abs'),
  ]
}
