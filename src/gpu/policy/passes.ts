// Forward and backward over all layers of a batch, one compiled block graph serving every layer.
//
// Letters as in block.ts; L layers, M = N·G·R completion rows.
import { maskShape, rowsOf, sizesKey } from '../net/sizes.ts'
import type { Batch } from './batch.ts'
import { activationWidths, backwardGraph, forwardGraph } from '../net/block-graphs.ts'
import type { Tensor } from '../device/device.ts'
import { layerWeights, weightsOf, type Engine, type Residuals, type WeightOf } from './engine.ts'
import { layerRoles, shapeOf, tensorName, type ModelConfig } from '../weights/family.ts'
import { cut, input } from '../graph/graph.ts'
import { zeros } from '../graph/ops/sums.ts'
import { embed, embedGradient } from '../net/head.ts'
import { backwardHead, type HeadSlopes } from './head-pass.ts'
import { gradientOf, type LowRankTensors, type Parameters } from './parameters.ts'
import type { Tensors } from '../device/programs.ts'
import type { Float } from '../graph/float.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/precision.ts'

/** Run all blocks over a batch. `keep` is for a backward pass that will follow. */
export function forwardBlocks(
  engine: Engine,
  batch: Batch,
  { reference = false, keep = false }: { reference?: boolean; keep?: boolean },
): Residuals {
  const { config, precision, programs, scratch } = engine
  const weight = weightsOf(engine, reference)
  const { sizes } = batch
  const T = rowsOf(sizes)
  const D = config.hidden
  const width = config.headDim / 2
  const residuals: Residuals = {
    batch,
    stream: Array.from({ length: config.layers + 1 }, (_, layer) =>
      scratch.take(precision.compute, `residual ${layer}`, [T, D]),
    ),
    kept: [],
    rope: {
      cos: scratch.put(precision.compute, 'cos', [T, width], batch.cos),
      sin: scratch.put(precision.compute, 'sin', [T, width], batch.sin),
    },
    promptMask: batch.promptMask && scratch.put(precision.compute, 'prompt mask', maskShape(sizes), batch.promptMask),
    ids: scratch.putIds('ids', [T], batch.ids),
  }
  embedRows(engine, residuals.ids, residuals.stream[0]!, weight)
  const saving = keep && savedBytes(engine, T) <= engine.activationBudget
  const key = sizesKey(sizes, batch.promptMask !== undefined)
  for (let layer = 0; layer < config.layers; layer++) {
    const kept = saving ? activationTensors(engine, layer, T) : {}
    residuals.kept.push(kept)
    programs.run(
      `forward ${key} ${saving}`,
      () => forwardGraph(engine, sizes, batch.promptMask !== undefined, saving),
      blockTensors(residuals, layer, config, weight),
      { y: residuals.stream[layer + 1]!, ...kept },
    )
  }
  return residuals
}

/** x [T, D] of ids [T]. */
export function embedRows(engine: Engine, ids: Tensor<'i64'>, x: Tensor, weight: WeightOf): void {
  const { config, precision, programs } = engine
  const [T = 0] = ids.shape
  const make = () => {
    const inputs = { ids: input(ids.dtype, [T]), weight: input(precision.weights, shapeOf(config, 'embed')) }
    return cut(`embed-${T}`, inputs, { x: embed(engine, inputs.ids, inputs.weight) })
  }
  programs.run(`embed ${T}`, make, { ids, weight: weight('embed') }, { x })
}

/** Backward from the slopes of the head to the gradients of everything trained, which are added to. */
export function backward(engine: Engine, residuals: Residuals, slopes: HeadSlopes): void {
  const { config, precision, programs, scratch, parameters } = engine
  const { batch } = residuals
  const T = rowsOf(batch.sizes)
  const D = config.hidden
  const [even, odd] = ['gradient even', 'gradient odd'].map((name) => scratch.take(precision.compute, name, [T, D]))
  const buffers = [even!, odd!] as const
  const top = buffers[config.layers % 2]!
  clear(engine, top, T - batch.labels.length)
  backwardHead(engine, residuals, top, slopes)

  const full = parameters.adapter === undefined
  const masked = batch.promptMask !== undefined
  const roles = layerRoles(config)
  const key = sizesKey(batch.sizes, masked)
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    const kept = residuals.kept[layer]!
    const saved = Object.keys(kept).length > 0
    const accumulated = full
      ? Object.fromEntries(roles.map((role) => [`gradient ${role}`, gradientOf(parameters, config, role, layer)]))
      : pairTensors(parameters, config, layer, 'gradient')
    const pairs = full ? {} : pairTensors(parameters, config, layer, 'value')
    programs.run(
      `backward ${key} ${full} ${saved}`,
      () => backwardGraph(engine, parameters.adapter, batch.sizes, { masked, saved }),
      {
        ...blockTensors(residuals, layer, config, parameters.weight),
        ...kept,
        ...pairs,
        ...accumulated,
        dy: buffers[(layer + 1) % 2]!,
      },
      { dx: buffers[layer % 2]!, ...accumulated },
    )
  }
  if (full) {
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

/** What a block graph reads of a layer. */
function blockTensors(residuals: Residuals, layer: number, config: ModelConfig, weight: WeightOf): Tensors {
  const { stream, rope, promptMask } = residuals
  return {
    x: stream[layer]!,
    ...rope,
    ...(promptMask && { promptMask }),
    ...layerWeights(config, layer, weight),
  }
}

function pairTensors(parameters: Parameters, config: ModelConfig, layer: number, what: 'value' | 'gradient'): Tensors {
  const tensors: Record<string, Tensor> = {}
  for (const role of layerRoles(config)) {
    const pair: LowRankTensors | undefined = parameters.adapter?.pair(tensorName(config, role, layer))
    if (!pair) continue
    tensors[`${what} ${role} a`] = pair.a[what]
    tensors[`${what} ${role} b`] = pair.b[what]
  }
  return tensors
}

function activationTensors({ config, precision, scratch }: Engine, layer: number, T: number): Tensors {
  return Object.fromEntries(
    activationWidths(config).map(([name, width]) => [
      name,
      scratch.take(precision.compute, `kept ${layer} ${name}`, [T, width]),
    ]),
  )
}

function savedBytes({ config, precision }: Net, T: number): number {
  return (
    dtypes[precision.compute].bytes *
    T *
    config.layers *
    activationWidths(config).reduce((sum, [, width]) => sum + width, 0)
  )
}

/** Set the first `rows` rows to zero: no gradient reaches prompt rows from the head. */
function clear({ programs, scratch }: Engine, tensor: Tensor<Float>, rows: number): void {
  if (rows === 0) return
  const [, width = 1] = tensor.shape
  const make = () => cut('zeros', {}, { zeros: zeros({ dtype: tensor.dtype, shape: [rows, width] }) })
  programs.run(`zeros ${rows} ${width}`, make, {}, { zeros: scratch.rows(tensor, 0, rows) })
}
