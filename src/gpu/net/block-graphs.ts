// The graphs that serve every block of a model: forward, prefill and backward for one batch size.
import { maskShape, rowsOf, type BatchSizes } from './sizes.ts'
import { attention, type Attended } from './attention.ts'
import { block, type Block, type BlockWeights } from './block.ts'
import { layerRoles, shapeOf, type LinearRole } from '../weights/family.ts'
import { gradients } from '../graph/grad.ts'
import type { Value } from '../graph/value.ts'
import { fixed } from '../graph/shape.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'
import type { Net } from './precision.ts'
import { adapterGradients, type LowRank } from './lora.ts'

/** y, and where they are kept the activations. */
export function forwardGraph(net: Net, sizes: BatchSizes, masked: boolean, saving: boolean): Cut {
  const { inputs, result } = blockGraph(net, sizes, masked)
  return cut(`block-forward-${rowsOf(sizes)}`, inputs, { y: result.y, ...(saving && result.activations) })
}

/** What is trained of a block: all of its weights, or pairs that adapt those of some roles. */
export type TrainedRoles = 'all' | (LowRank & { roles: readonly LinearRole[] })

/** From dy to dx, adding the gradients of what is trained to those accumulated. `saved`: activations are inputs. */
export function backwardGraph(
  net: Net,
  trained: TrainedRoles,
  sizes: BatchSizes,
  { masked, saved }: { masked: boolean; saved: boolean },
): Cut {
  const { config } = net
  const { inputs, result, weights, x } = blockGraph(net, sizes, masked)
  const dy = input(x.dtype, x.shape)
  const seeds = new Map([[result.y, dy]])
  const given: Record<string, Value> = { ...inputs, ...(saved && result.activations), dy }
  const outputs: Record<string, Value> = {}
  const accumulate = (name: string, gradient: Value) => {
    const accumulated = input('f32', gradient.shape)
    given[name] = accumulated
    outputs[name] = op('Add', [accumulated, cast(gradient, accumulated.dtype)])
  }
  if (trained === 'all') {
    const roles = layerRoles(config)
    const [dx, ...found] = gradients(seeds, [x, ...roles.map((role) => weights[role]!)])
    outputs['dx'] = dx!
    roles.forEach((role, i) => accumulate(`gradient ${role}`, found[i]!))
  } else {
    const { rank, scale, roles } = trained
    const [dx, ...found] = gradients(seeds, [x, ...roles.map((role) => result.linears[role].output)])
    outputs['dx'] = dx!
    roles.forEach((role, i) => {
      const [out = 0, inner = 0] = shapeOf(config, role)
      const a = (given[`value ${role} a`] = input('f32', [rank, inner]))
      const b = (given[`value ${role} b`] = input('f32', [out, rank]))
      const d = adapterGradients(result.linears[role].input, found[i]!, a, b, scale)
      accumulate(`gradient ${role} a`, d.a)
      accumulate(`gradient ${role} b`, d.b)
    })
  }
  return cut(`block-backward-${rowsOf(sizes)}`, given, outputs)
}

interface BlockGraph {
  inputs: Record<string, Value>
  weights: BlockWeights
  x: Value
  result: Block<Attended>
}

function blockGraph(net: Net, sizes: BatchSizes, masked: boolean): BlockGraph {
  const { config, precision } = net
  const T = rowsOf(sizes)
  const activation = (shape: readonly number[]) => input(precision.compute, shape)
  const weights = blockWeights(net)
  const x = activation([T, config.hidden])
  const cos = activation([T, config.headDim / 2])
  const sin = activation([T, config.headDim / 2])
  const promptMask = masked ? activation(maskShape(sizes)) : undefined
  const inputs = { x, cos, sin, ...(promptMask && { promptMask }), ...weights }
  const result = block(config, { x, cos, sin, weights }, (q, k, v) => attention(config, sizes, q, k, v, promptMask))
  return { inputs, weights, x, result }
}

/** An input for every weight of a block. */
export function blockWeights({ config, precision }: Net): BlockWeights {
  return Object.fromEntries(layerRoles(config).map((role) => [role, input(precision.weights, shapeOf(config, role))]))
}

/** What a block keeps for its backward: the width of each of its activations, [T, width], by name. */
export function activationWidths(net: Net): [string, number][] {
  const row: BatchSizes = { groups: 1, samples: 1, prompt: 0, completion: 1 }
  const { activations } = blockGraph(net, row, false).result
  return Object.entries(activations).map(([name, { shape }]) => [name, fixed(shape[1])])
}
