// Forward and backward over all layers of a batch, one compiled block graph serving every layer.
//
// Letters as in block.ts; L layers, M = N·G·R completion rows.
import { maskShape, rowsOf, sizesKey } from '../net/sizes.ts'
import type { Batch } from './batch.ts'
import { activationWidths, backwardGraph, forwardGraph } from '../net/block-graphs.ts'
import type { Tensor } from '../device/device.ts'
import { layerWeights, weightsOf, type Engine, type Residuals, type WeightOf } from './engine.ts'
import { adaptable, layerRoles, shapeOf, tensorName, type LinearRole, type ModelConfig } from '../weights/family.ts'
import { cut, input, zeros } from '../graph/graph.ts'
import { embed, embedGradient } from '../net/embed.ts'
import { backwardHead, type Slopes } from './head-pass.ts'
import { gradientOf, type LowRankTensors, type Parameters } from './parameters.ts'
import type { Tensors } from '../device/programs.ts'
import type { Float } from '../graph/float.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/precision.ts'

/** A gigabyte: kept activations make backward faster, and a batch too long for it still fits by computing them again. */
export const ACTIVATION_BUDGET = 2 ** 30

/** What the blocks keep of a pass over T rows for its backward, unless that is beyond the budget. */
export function keptBytes(net: Net, T: number): number {
  const width = activationWidths(net).reduce((sum, [, width]) => sum + width, 0)
  return dtypes[net.precision.compute].bytes * T * net.config.layers * width
}

/** The residual stream of a pass over T rows, and the gradients on their way back along it. */
export const streamBytes = ({ config, precision }: Net, T: number): number =>
  dtypes[precision.compute].bytes * T * config.hidden * (config.layers + 1 + 2)

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
  const widths = activationWidths(engine)
  const saving = keep && keptBytes(engine, T) <= engine.activationBudget
  const key = sizesKey(sizes, batch.promptMask !== undefined)
  for (let layer = 0; layer < config.layers; layer++) {
    const kept = saving ? activationTensors(engine, widths, layer, T) : {}
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
  const make = () => {
    const inputs = { ids: input(ids.dtype, ['T']), weight: input(precision.weights, shapeOf(config, 'embed')) }
    return cut('embed', inputs, { x: embed(engine, inputs.ids, inputs.weight) })
  }
  programs.run('embed', make, { ids, weight: weight('embed') }, { x })
}

/** Backward from the slopes of the head to the gradients of everything trained, which are added to. */
export function backward(engine: Engine, residuals: Residuals, head: { given: Tensors; slopes: Slopes }): void {
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
  const masked = batch.promptMask !== undefined
  const key = sizesKey(batch.sizes, masked)
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    const kept = residuals.kept[layer]!
    const saved = Object.keys(kept).length > 0
    const pairs = adapter && pairsOf(adapter, config, layer)
    const trained = pairs ? { ...adapter, roles: pairs.map(({ role }) => role) } : 'all'
    const accumulated = pairs
      ? pairTensors(pairs, 'gradient')
      : Object.fromEntries(
          layerRoles(config).map((role) => [`gradient ${role}`, gradientOf(parameters, config, role, layer)]),
        )
    programs.run(
      `backward ${key} ${trained === 'all' ? trained : trained.roles} ${saved}`,
      () => backwardGraph(engine, trained, batch.sizes, { masked, saved }),
      {
        ...blockTensors(residuals, layer, config, parameters.weight),
        ...kept,
        ...(pairs && pairTensors(pairs, 'value')),
        ...accumulated,
        dy: buffers[(layer + 1) % 2]!,
      },
      { dx: buffers[layer % 2]!, ...accumulated },
    )
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

type Widths = ReturnType<typeof activationWidths>

function activationTensors({ precision, scratch }: Engine, widths: Widths, layer: number, T: number): Tensors {
  return Object.fromEntries(
    widths.map(([name, width]) => [name, scratch.take(precision.compute, `kept ${layer} ${name}`, [T, width])]),
  )
}

/** Set the first `rows` rows to zero: no gradient reaches prompt rows from the head. */
function clear({ programs, scratch }: Engine, tensor: Tensor<Float>, rows: number): void {
  if (rows === 0) return
  const [, width = 1] = tensor.shape
  const make = () => cut('zeros', {}, { zeros: zeros({ dtype: tensor.dtype, shape: [rows, width] }) })
  programs.run(`zeros ${rows} ${width}`, make, {}, { zeros: scratch.rows(tensor, 0, rows) })
}
