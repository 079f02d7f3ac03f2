// What generation computed of its tokens, kept so that training on them needs no forward pass over the blocks.
//
// Letters as in block.ts; L layers. Rows stand in the order in which tokens were computed.
import { rowsOf } from '../net/sizes.ts'
import { activationWidths } from '../net/block-graphs.ts'
import type { Batch } from './batch.ts'
import type { Engine, Trace } from './engine.ts'
import type { Lanes } from './lanes.ts'
import type { Group } from './policy.ts'
import { startOf, type Sequence } from './sequence.ts'
import type { Tensor } from '../device/device.ts'
import type { Tensors } from '../device/programs.ts'
import { cut, input, op } from '../graph/graph.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/net.ts'

/** Rows for tokens that are computed and then dropped: memory that nobody writes to is none. */
const ROOM = 1.5

/** What is kept of a layer: all but what takes one small product to compute again. */
const widthsOf = (net: Net) => activationWidths(net).filter(([name]) => name !== 'middle')

/** What is kept of so many tokens. */
export function traceBytes(net: Net, tokens: number): number {
  const { config, precision } = net
  const width = widthsOf(net).reduce((sum, [, width]) => sum + width, 0)
  return dtypes[precision.compute].bytes * tokens * (config.layers * (width + config.hidden) + config.hidden)
}

/** A trace of so many tokens, in place of the last one; undefined where that is beyond what may be kept. */
export function openTrace(engine: Engine, tokens: number): Trace | undefined {
  const { config, precision, scratch, activationBudget, traces } = engine
  delete traces.last
  if (traceBytes(engine, tokens) > activationBudget) return undefined
  const capacity = Math.ceil(ROOM * tokens)
  const take = (name: string, width: number) => scratch.take(precision.compute, `trace ${name}`, [capacity, width])
  const layers = Array.from({ length: config.layers }, (_, layer) => layer)
  traces.last = {
    capacity,
    used: 0,
    stream: [...layers, config.layers].map((layer) => take(`stream ${layer}`, config.hidden)),
    kept: layers.map((layer) =>
      Object.fromEntries(widthsOf(engine).map(([name, width]) => [name, take(`${layer} ${name}`, width)])),
    ),
    rows: new WeakMap(),
  }
  return traces.last
}

/** Tokens of lanes, in order, are the next rows of the trace; of none where it has none for them. */
export function note(
  trace: Trace | undefined,
  { lanes, tokens }: { lanes: Lanes; tokens: readonly (readonly number[])[] },
): void {
  tokens.forEach((some, lane) => {
    const first = lanes.lengths[lane]!
    some.forEach((_, i) => (lanes.traced[lane]![first + i] = trace ? trace.used++ : -1))
  })
}

/** A completion was written: `ids` is its own array. */
export function keepRows(trace: Trace, sequence: Sequence, ids: readonly number[]): void {
  const { parent, lanes, lane, tokens } = sequence
  const before = parent ? parent.lanes.traced[parent.lane]!.slice(0, startOf(sequence)) : []
  const rows = [...before, ...lanes.traced[lane]!.slice(0, tokens.length - 1 - before.length)]
  // A beginning that was held before the trace began is not in it.
  if (rows.length === tokens.length - 1 && !rows.includes(-1)) trace.rows.set(ids, rows)
}

/** The row of each row of a batch, [T]; undefined where not all of them are in the trace. */
export function rowsIn(
  trace: Trace | undefined,
  groups: readonly Group[],
  { sizes, paths }: Batch,
): BigInt64Array | undefined {
  // Padding is any row: nobody sees it.
  const index = new BigInt64Array(rowsOf(sizes))
  for (const [n, { prompt, completions }] of groups.entries())
    for (const [g, ids] of completions.entries()) {
      const rows = trace?.rows.get(ids)
      if (rows?.length !== prompt.length - 1 + ids.length) return undefined
      paths[n]![g]!.forEach((row, i) => (index[row] = BigInt(rows[i]!)))
    }
  return index
}

/** Rows `index` [T] of matrices of the trace, into tensors that last until those of another layer are asked for. */
export function recalled({ precision, programs, scratch }: Engine, from: Tensors, index: Tensor<'i64'>): Tensors {
  const make = () => {
    const [x, rows] = [input(precision.compute, ['n', 'width']), input(index.dtype, ['T'])]
    return cut('recall', { x, rows }, { y: op('Gather', [x, rows]) })
  }
  return Object.fromEntries(
    Object.entries(from).map(([name, x]) => {
      const y = scratch.take(precision.compute, `passing ${name}`, [index.shape[0]!, x.shape[1]!])
      programs.run('recall', make, { x, rows: index }, { y })
      return [name, y]
    }),
  )
}
