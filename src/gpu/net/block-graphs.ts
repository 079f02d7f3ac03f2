// The graphs that serve every block of a model: forward, prefill and backward for one batch size.
import { maskShape, rowsOf, type BatchSizes } from './sizes.ts'
import { block, type Block, type BlockInputs } from './block.ts'
import { layerRoles, shapeOf, tensorName, type LayerRole, type ModelConfig } from '../weights/family.ts'
import { gradients } from '../graph/grad.ts'
import type { Value } from '../graph/value.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'
import type { Net } from './precision.ts'
import { adapterGradients, type LowRank } from './lora.ts'

/** y, and where they are kept the activations. */
export function forwardGraph(net: Net, sizes: BatchSizes, masked: boolean, saving: boolean): Cut {
  const { inputs, result } = blockGraph(net, sizes, masked)
  return cut(`block-forward-${rowsOf(sizes)}`, inputs, { y: result.y, ...(saving && result.activations) })
}

/** Prompts alone: y and the keys and values that decoding reads. */
export function prefillGraph(net: Net, sizes: BatchSizes): Cut {
  const { inputs, result } = blockGraph(net, sizes, false)
  const outputs = { y: result.y, keys: result.promptKeys!, values: result.promptValues! }
  return cut(`block-prefill-${rowsOf(sizes)}`, inputs, outputs)
}

/** From dy to dx, adding the gradients of what is trained to those accumulated. `saved`: activations are inputs. */
export function backwardGraph(
  net: Net,
  adapter: LowRank | undefined,
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
  if (adapter === undefined) {
    const roles = layerRoles(config)
    const [dx, ...found] = gradients(seeds, [x, ...roles.map((role) => weights[role]!)])
    outputs['dx'] = dx!
    roles.forEach((role, i) => accumulate(`gradient ${role}`, found[i]!))
  } else {
    const { rank, scale, pair } = adapter
    const roles = (Object.keys(result.linears) as (keyof Block['linears'])[]).filter((role) =>
      pair(tensorName(config, role, 0)),
    )
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
  weights: Partial<Record<LayerRole, Value>>
  x: Value
  result: Block
}

function blockGraph(net: Net, sizes: BatchSizes, masked: boolean): BlockGraph {
  const { config, precision } = net
  const T = rowsOf(sizes)
  const weights = blockWeights(net)
  const activation = (shape: readonly number[]) => input(precision.compute, shape)
  const values: BlockInputs = {
    x: activation([T, config.hidden]),
    cos: activation([T, config.headDim / 2]),
    sin: activation([T, config.headDim / 2]),
    weights,
    ...(masked && { promptMask: activation(maskShape(sizes)) }),
  }
  const { x, cos, sin, promptMask } = values
  const inputs = { x, cos, sin, ...(promptMask && { promptMask }), ...weights }
  return { inputs, weights, x, result: block(config, sizes, values) }
}

/** An input for every weight of a block. */
export function blockWeights({ config, precision }: Net): Partial<Record<LayerRole, Value>> {
  return Object.fromEntries(layerRoles(config).map((role) => [role, input(precision.weights, shapeOf(config, role))]))
}

/** Names of Block.activations and the width of each, [T, width]. */
export function activationWidths({ heads, kvHeads, headDim, hidden, intermediate }: ModelConfig): [string, number][] {
  const query = heads * headDim
  const keyValue = kvHeads * headDim
  return [
    ['queries', query],
    ['keys', keyValue],
    ['values', keyValue],
    ['attended', query],
    ['middle', hidden],
    ['gates', intermediate],
    ['ups', intermediate],
  ]
}
