// What a pass holds beside its graphs: activations kept for its backward as far as a budget allows, and what passes through a layer.
//
// Letters as in block.ts.
import type { Engine } from './engine.ts'
import type { Tensors } from '../device/programs.ts'
import { dtypes } from '../graph/tensor.ts'
import { activationWidths } from '../net/block-graphs.ts'
import type { Net } from '../net/net.ts'

/** Layers that keep their activations of a pass over T rows for its backward, as many as the budget has room for, and their bytes. */
export function keptOf(net: Net, T: number, budget: number): { layers: number; bytes: number } {
  const width = activationWidths(net).reduce((sum, [, width]) => sum + width, 0)
  const each = dtypes[net.precision.compute].bytes * T * width
  const layers = Math.min(net.config.layers, Math.floor(budget / each))
  return { layers, bytes: layers * each }
}

/**
 * The residual stream of a pass over T rows and the gradients on their way back along it; queries, keys, values and what they
 * attend to of one layer, and the gradients of these.
 */
export function streamBytes({ config, precision }: Net, T: number): number {
  const [wide, narrow] = [config.heads * config.headDim, config.kvHeads * config.headDim]
  const compute = config.hidden * (config.layers + 1 + 2) + 2 * wide + 2 * narrow + 2 * wide
  return T * (dtypes[precision.compute].bytes * compute + dtypes.f32.bytes * 2 * narrow)
}

/** What each of so many layers keeps, [T, width] by name, all in one buffer: passes of all lengths share the budget. */
export function keptTensors(engine: Engine, T: number, layers: number): Tensors[] {
  if (layers === 0) return []
  const { precision, scratch } = engine
  const widths = activationWidths(engine)
  const each = widths.reduce((sum, [, width]) => sum + T * width, 0)
  const whole = scratch.take(precision.compute, 'kept', [layers * each])
  return Array.from({ length: layers }, (_, layer) => {
    let offset = layer * each
    return Object.fromEntries(
      widths.map(([name, width]) => {
        const tensor = scratch.part(whole, [T, width], offset)
        offset += T * width
        return [name, tensor]
      }),
    )
  })
}

/** What attention reads and writes of a layer that keeps nothing, [T, width] by name. */
export function passingTensors({ config, precision, scratch }: Engine, T: number): Tensors {
  const [wide, narrow] = [config.heads * config.headDim, config.kvHeads * config.headDim]
  const widths = { queries: wide, keys: narrow, values: narrow, attended: wide }
  return Object.fromEntries(
    Object.entries(widths).map(([name, width]) => [
      name,
      scratch.take(precision.compute, `passing ${name}`, [T, width]),
    ]),
  )
}

/** Gradients of what attention reads and gives. Keys and values are read by many rows: theirs add up in float32. */
export function attentionGradients({ config, precision, scratch }: Engine, T: number) {
  const [wide, narrow] = [config.heads * config.headDim, config.kvHeads * config.headDim]
  return {
    'd attended': scratch.take(precision.compute, 'd attended', [T, wide]),
    'd queries': scratch.take(precision.compute, 'd queries', [T, wide]),
    'd keys': scratch.take('f32', 'd keys', [T, narrow]),
    'd values': scratch.take('f32', 'd values', [T, narrow]),
  }
}
