// The graphs that serve every block of a model: what comes before attention and what comes after it, for some rows, forward and
// backward. Both are cut from the one description of the block; attention itself runs between them (attention.ts).
//
// Letters as in block.ts; T rows of any kind.
import { block, type Block, type BlockWeights } from './block.ts'
import { layerRoles, shapeOf, type LinearRole } from '../weights/family.ts'
import { gradients } from '../graph/grad.ts'
import type { Value } from '../graph/value.ts'
import { fixed } from '../graph/shape.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'
import type { Net } from './net.ts'
import { adapterGradients, type LowRank } from './lora.ts'

/** What attention reads of rows; of those that attend to nothing, keys and values are enough. */
export type Read = 'queries too' | 'keys and values'

/** x [T, D] → queries [T, K·S·H], keys and values [T, K·H], rotated. */
export function projectGraph(net: Net, rows: number, read: Read): Cut {
  const { inputs, result } = blockOf(net, rows)
  return cut(`block-project-${rows}`, inputs, readOf(result, read))
}

const readOf = ({ activations: { queries, keys, values } }: Block<unknown>, read: Read): Record<string, Value> =>
  read === 'queries too' ? { queries, keys, values } : { keys, values }

/** x and attended [T, K·S·H] → y [T, D], and where they are kept the activations on the way. */
export function transformGraph(net: Net, rows: number, saving: boolean): Cut {
  const { inputs, result } = blockOf(net, rows)
  const { middle, gates, ups } = result.activations
  return cut(`block-transform-${rows}`, inputs, { y: result.y, ...(saving && { middle, gates, ups }) })
}

/** What is trained of a block: all of its weights, or pairs that adapt those of some roles. */
export type TrainedRoles = 'all' | (LowRank & { roles: readonly LinearRole[] })

/**
 * From dy to d attended and to what of dx does not go through attention, adding the gradients of what is trained to those
 * accumulated. Activations that are `saved` are inputs, the others are computed again.
 */
export function transformBackward(net: Net, trained: TrainedRoles, rows: number, saved: readonly string[]): Cut {
  const graph = blockOf(net, rows)
  const { result, attended, inputs } = graph
  const dy = input(result.y.dtype, result.y.shape)
  const { middle, gates, ups } = result.activations
  const given = Object.fromEntries(Object.entries({ middle, gates, ups }).filter(([name]) => saved.includes(name)))
  return backwardGraph(`block-transform-backward-${rows}`, net, trained, graph, {
    given: { ...inputs, ...given, dy },
    seeds: new Map([[result.y, dy]]),
    wanted: { 'd attended': attended },
  })
}

/** From d queries, keys and values to dx, with the part of it that came by another way; gradients as above. */
export function projectBackward(net: Net, trained: TrainedRoles, rows: number, read: Read): Cut {
  const graph = blockOf(net, rows)
  const given: Record<string, Value> = { ...graph.inputs }
  const seeds = new Map<Value, Value>()
  for (const [name, value] of Object.entries(readOf(graph.result, read))) {
    // Keys and values are read by many rows, whose gradients were added up in float32.
    const arrived = (given[`d ${name}`] = input(name === 'queries' ? value.dtype : 'f32', value.shape))
    seeds.set(value, cast(arrived, value.dtype))
  }
  seeds.set(graph.x, (given['dx'] = input(graph.x.dtype, graph.x.shape)))
  return backwardGraph(`block-project-backward-${rows}`, net, trained, graph, { given, seeds, wanted: {} })
}

interface Backward {
  given: Readonly<Record<string, Value>>
  seeds: ReadonlyMap<Value, Value>
  /** Values whose gradients are outputs of these names. */
  wanted: Readonly<Record<string, Value>>
}

/** dx, the gradients of what is wanted, and those of what is trained as far as the seeds reach it. */
function backwardGraph(
  name: string,
  { config }: Net,
  trained: TrainedRoles,
  { x, weights, result }: BlockGraph,
  { given, seeds, wanted }: Backward,
): Cut {
  const inputs: Record<string, Value> = { ...given }
  const outputs: Record<string, Value> = {}
  const accumulate = (name: string, gradient: Value) => {
    const accumulated = (inputs[name] = input('f32', gradient.shape))
    outputs[name] = op('Add', [accumulated, cast(gradient, accumulated.dtype)])
  }
  const ends = Object.values(wanted)
  const all = trained === 'all'
  const trainedValues = all
    ? layerRoles(config).map((role) => weights[role]!)
    : trained.roles.map((role) => result.linears[role].output)
  const found = gradients(seeds, [x, ...ends, ...trainedValues])
  outputs['dx'] = found[0]!
  Object.keys(wanted).forEach((name, i) => (outputs[name] = found[1 + i]!))
  const reached = found.slice(1 + ends.length)
  if (all)
    layerRoles(config).forEach((role, i) => {
      if (reached[i]) accumulate(`gradient ${role}`, reached[i])
    })
  else
    trained.roles.forEach((role, i) => {
      if (reached[i] === undefined) return
      const [out = 0, inner = 0] = shapeOf(config, role)
      const a = (inputs[`value ${role} a`] = input('f32', [trained.rank, inner]))
      const b = (inputs[`value ${role} b`] = input('f32', [out, trained.rank]))
      const d = adapterGradients(result.linears[role].input, reached[i], a, b, trained.scale)
      accumulate(`gradient ${role} a`, d.a)
      accumulate(`gradient ${role} b`, d.b)
    })
  return cut(name, inputs, outputs)
}

interface BlockGraph {
  inputs: Record<string, Value>
  weights: BlockWeights
  x: Value
  /** What attention gives: an input, which cuts the block in two. */
  attended: Value
  result: Block<{ output: Value }>
}

function blockOf(net: Net, rows: number): BlockGraph {
  const { config, precision } = net
  const activation = (width: number) => input(precision.compute, [rows, width])
  const weights = blockWeights(net)
  const x = activation(config.hidden)
  const [cos, sin] = [activation(config.headDim / 2), activation(config.headDim / 2)]
  const attended = activation(config.heads * config.headDim)
  const result = block(config, { x, cos, sin, weights }, () => ({ output: attended }))
  return { inputs: { x, cos, sin, attended, ...weights }, weights, x, attended, result }
}

/** An input for every weight of a block. */
export function blockWeights({ config, precision }: Net): BlockWeights {
  return Object.fromEntries(layerRoles(config).map((role) => [role, input(precision.weights, shapeOf(config, role))]))
}

/** What a block keeps for its backward: the width of each of its activations, [T, width], by name. */
export function activationWidths(net: Net): [string, number][] {
  return Object.entries(blockOf(net, 1).result.activations).map(([name, { shape }]) => [name, fixed(shape[1])])
}
