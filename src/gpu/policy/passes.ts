// Forward and backward over all layers of a batch, one compiled block graph serving every layer.
//
// Letters as in block.ts; L layers, M = N·G·R completion rows.
import { backwardAttention, forwardAttention, sightOf } from './attention-pass.ts'
import { rowsOf } from '../net/sizes.ts'
import type { Batch } from './batch.ts'
import { type Read, projectBackward, projectGraph, transformBackward, transformGraph } from '../net/block-graphs.ts'
import type { Tensor } from '../device/device.ts'
import { layerWeights, weightsOf, type Engine, type Residuals, type WeightOf } from './engine.ts'
import { adaptable, layerRoles, shapeOf, tensorName, type LinearRole, type ModelConfig } from '../weights/family.ts'
import { cut, input, op, type Cut } from '../graph/graph.ts'
import { embed, embedGradient } from '../net/embed.ts'
import { backwardHead, type Given, type Slopes } from './head-pass.ts'
import { gradientOf, type LowRankTensors, type Parameters } from './parameters.ts'
import type { Tensors } from '../device/programs.ts'
import type { Float } from '../graph/float.ts'
import type { Net } from '../net/net.ts'
import { attentionGradients, keptOf, keptTensors, passingTensors } from './activations.ts'
import { recalled } from './trace.ts'

/** Rows of a piece of what comes before and after attention, at least: each adds to the gradients of all weights. */
const FEWEST_ROWS = 512

/** Rows from `first` up to T in pieces of about the same size. */
export function rowPieces(net: Net, T: number, first = 0): { start: number; rows: number }[] {
  if (first > 0) return rowPieces(net, T - first).map(({ start, rows }) => ({ start: first + start, rows }))
  if (T === 0) return []
  const { config, portions } = net
  const most = Math.max(FEWEST_ROWS, Math.floor(portions.hidden / (4 * config.intermediate)))
  const count = Math.ceil(T / most)
  const rows = Math.ceil(T / count / 16) * 16
  return Array.from({ length: Math.ceil(T / rows) }, (_, i) => ({
    start: i * rows,
    rows: Math.min(rows, T - i * rows),
  }))
}

/** Run all blocks over a batch. `keep` is for a backward pass that will follow. */
export function forwardBlocks(
  engine: Engine,
  batch: Batch,
  { reference = false, keep = false }: { reference?: boolean; keep?: boolean },
): Residuals {
  const { config, precision, programs, scratch } = engine
  const weight = weightsOf(engine, reference)
  const T = rowsOf(batch.sizes)
  const stream = Array.from({ length: config.layers + 1 }, (_, layer) =>
    // Without a backward pass nobody comes back to the input of a layer.
    scratch.take(precision.compute, keep ? `residual ${layer}` : `residual ${layer % 2}`, [T, config.hidden]),
  )
  const kept: Tensors[] = []
  const residuals: Residuals = {
    batch,
    top: stream[config.layers]!,
    layer: (layer) => ({ x: stream[layer]!, kept: kept[layer]! }),
    ...knownOf(engine, batch),
  }
  embedRows(engine, residuals.ids, stream[0]!, weight)
  const keeping = keep ? keptOf(engine, T, engine.activationBudget).layers : 0
  const held = keptTensors(engine, T, keeping)
  const passing = keeping < config.layers ? passingTensors(engine, T) : {}
  for (let layer = 0; layer < config.layers; layer++) {
    const saving = layer < keeping
    const tensors = saving ? held[layer]! : passing
    kept.push(saving ? tensors : {})
    const [x, y] = [stream[layer]!, stream[layer + 1]!]
    attendLayer(engine, residuals, layer, { x, ...tensors }, weight)
    for (const { start, rows } of rowPieces(engine, T, firstRead(engine, batch, layer))) {
      const given = { x, ...tensors, y }
      const bound = rowsIn(engine, given, start, rows)
      programs.run(
        `transform ${rows} ${saving}`,
        () => transformGraph(engine, rows, saving),
        { ...bound, ...layerWeights(config, layer, weight) },
        bound,
      )
    }
  }
  return residuals
}

/** What a pass finds of a batch whose tokens were all generated with these weights: `index` says where, see trace.ts. */
export function recallBlocks(engine: Engine, batch: Batch, index: BigInt64Array): Residuals {
  const { config, scratch, traces } = engine
  const { stream, kept } = traces.last!
  const rows = scratch.putIds('recalled rows', [index.length], index)
  const { top } = recalled(engine, { top: stream[config.layers]! }, rows) as { top: Tensor<Float> }
  return {
    batch,
    top,
    layer(layer) {
      const { x, ...found } = recalled(engine, { x: stream[layer]!, ...kept[layer] }, rows)
      return { x: x as Tensor<Float>, kept: found }
    },
    ...knownOf(engine, batch),
  }
}

/** What is known of a batch before anything is computed. */
function knownOf(engine: Engine, batch: Batch): Pick<Residuals, 'rope' | 'sight' | 'ids'> {
  const { config, precision, scratch } = engine
  const [T, width] = [rowsOf(batch.sizes), config.headDim / 2]
  return {
    rope: {
      cos: scratch.put(precision.compute, 'cos', [T, width], batch.cos),
      sin: scratch.put(precision.compute, 'sin', [T, width], batch.sin),
    },
    sight: sightOf(engine, batch),
    ids: scratch.putIds('ids', [T], batch.ids),
  }
}

/** The first row whose output is read: of the last layer nobody reads that of prompts. */
const firstRead = ({ config }: Net, { sizes, labels }: Batch, layer: number): number =>
  layer === config.layers - 1 ? rowsOf(sizes) - labels.length : 0

const attendingRows = (net: Net, batch: Batch, layer: number) =>
  firstRead(net, batch, layer) > 0 ? 'completions' : 'all'

/** The rows of a layer in pieces, and what attention reads of them. */
function readPieces(net: Net, batch: Batch, layer: number): { start: number; rows: number; read: Read }[] {
  const first = firstRead(net, batch, layer)
  return [
    ...rowPieces(net, first).map((piece) => ({ ...piece, read: 'keys and values' as const })),
    ...rowPieces(net, rowsOf(batch.sizes), first).map((piece) => ({ ...piece, read: 'queries too' as const })),
  ]
}

/** Queries, keys and values of a layer from its input `x`, and what they attend to. */
function attendLayer(
  engine: Engine,
  { batch, sight, rope }: Residuals,
  layer: number,
  tensors: Tensors,
  weight: WeightOf,
): void {
  const { config, programs } = engine
  for (const { start, rows, read } of readPieces(engine, batch, layer)) {
    const bound = rowsIn(engine, { ...rope, ...tensors }, start, rows)
    const given = { ...bound, ...layerWeights(config, layer, weight) }
    programs.run(`project ${rows} ${read}`, () => projectGraph(engine, rows, read), given, bound)
  }
  forwardAttention(engine, { batch, sight, layer, rows: attendingRows(engine, batch, layer) }, tensors)
}

/** x [T, D] of ids [T]. */
export function embedRows(engine: Engine, ids: Tensor<'i64'>, x: Tensor, weight: WeightOf): void {
  const { config, precision, programs } = engine
  const make = () => {
    const inputs = { ids: input(ids.dtype, ['T']), weight: input(precision.weights, shapeOf(config, 'embed')) }
    return cut('embed', inputs, { x: embed(engine, inputs.ids, inputs.weight) })
  }
  programs.run('embed', make, { ids, weight: weight('embed') }, { x })
}

/** Backward from the slopes of the head to the gradients of everything trained, which are added to. */
export function backward(engine: Engine, residuals: Residuals, head: { given: Given; slopes: Slopes }): void {
  const { config, precision, programs, scratch, parameters } = engine
  const { batch } = residuals
  const T = rowsOf(batch.sizes)
  const D = config.hidden
  const [even, odd] = ['gradient even', 'gradient odd'].map((name) => scratch.take(precision.compute, name, [T, D]))
  const buffers = [even!, odd!] as const
  const top = buffers[config.layers % 2]!
  clear(engine, top, T - batch.labels.length)
  backwardHead(engine, residuals, top, head)

  const { adapter } = parameters
  const gradientsOf = attentionGradients(engine, T)
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    const { x, kept } = residuals.layer(layer)
    const saved = Object.keys(kept)
    const pairs = adapter && pairsOf(adapter, config, layer)
    const trained = pairs ? { ...adapter, roles: pairs.map(({ role }) => role) } : 'all'
    const what = trained === 'all' ? trained : trained.roles
    const accumulated = pairs
      ? pairTensors(pairs, 'gradient')
      : Object.fromEntries(
          layerRoles(config).map((role) => [`gradient ${role}`, gradientOf(parameters, config, role, layer)]),
        )
    const weights = { ...layerWeights(config, layer, parameters.weight), ...(pairs && pairTensors(pairs, 'value')) }
    const tensors = saved.length > 0 ? kept : passingTensors(engine, T)
    if (saved.length === 0) attendLayer(engine, residuals, layer, { x, ...tensors }, parameters.weight)
    const rowTensors = {
      x,
      ...residuals.rope,
      ...tensors,
      ...gradientsOf,
      dy: buffers[(layer + 1) % 2]!,
      dx: buffers[layer % 2]!,
    }
    const run = (name: string, { start, rows }: { start: number; rows: number }, make: () => Cut) => {
      const bound = { ...rowsIn(engine, rowTensors, start, rows), ...accumulated }
      programs.run(`${name} ${rows} ${what}`, make, { ...bound, ...weights }, bound)
    }
    const first = firstRead(engine, batch, layer)
    for (const piece of rowPieces(engine, T, first))
      run(`transform backward ${saved}`, piece, () => transformBackward(engine, trained, piece.rows, saved))
    clear(engine, rowTensors.dx, first)
    for (const name of ['d keys', 'd values'] as const) clear(engine, gradientsOf[name], T)
    const rows = attendingRows(engine, batch, layer)
    backwardAttention(engine, { batch, sight: residuals.sight, layer, rows }, { ...tensors, ...gradientsOf })
    for (const { read, ...piece } of readPieces(engine, batch, layer))
      run(`project backward ${read}`, piece, () => projectBackward(engine, trained, piece.rows, read))
  }
  if (!adapter) {
    const gradient = gradientOf(parameters, config, 'embed')
    const make = () => {
      const accumulated = input('f32', shapeOf(config, 'embed'))
      const ids = input('i64', [T, 1])
      const dx = input(precision.compute, [T, D])
      return cut(`embed-gradient-${T}`, { accumulated, ids, dx }, { gradient: embedGradient(accumulated, ids, dx) })
    }
    const ids = scratch.putIds('ids column', [T, 1], batch.ids)
    programs.run(`embed gradient ${T}`, make, { accumulated: gradient, ids, dx: buffers[0] }, { gradient })
  }
}

// ** tensors **

type Pair = LowRankTensors & { role: LinearRole }

/** The pairs that adapt weights of a layer. */
function pairsOf({ pair }: NonNullable<Parameters['adapter']>, config: ModelConfig, layer: number): Pair[] {
  return adaptable.flatMap((role) => {
    const found = pair(tensorName(config, role, layer))
    return found ? [{ role, ...found }] : []
  })
}

function pairTensors(pairs: readonly Pair[], what: 'value' | 'gradient'): Tensors {
  return Object.fromEntries(
    pairs.flatMap(({ role, a, b }) => [
      [`${what} ${role} a`, a[what]],
      [`${what} ${role} b`, b[what]],
    ]),
  )
}

/** Some rows of each matrix. */
function rowsIn({ scratch }: Engine, tensors: Tensors, start: number, rows: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, scratch.rows(tensor, start, rows)]))
}

/** Set the first `rows` rows to zero: no gradient reaches prompt rows from the head. */
function clear({ programs, scratch }: Engine, tensor: Tensor<Float>, rows: number): void {
  if (rows === 0) return
  const [, width = 1] = tensor.shape
  const make = () => {
    // An input: what is constant would be copied from the host.
    const zero = input(tensor.dtype, [])
    return cut('zeros', { zero }, { zeros: op('Expand', [zero], { shape: [rows, width] }) })
  }
  const zero = scratch.take(tensor.dtype, `zero ${tensor.dtype}`, [])
  programs.run(`zeros ${tensor.dtype} ${rows} ${width}`, make, { zero }, { zeros: scratch.rows(tensor, 0, rows) })
}
