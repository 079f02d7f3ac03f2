// Keys and values of sequences side by side, kept on the device and growing with them: each has a lane.
//
// Letters as in block.ts; R lanes of t entries. Time comes first, [t, R, K, H], so that all lanes grow without being moved.
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/net.ts'
import type { Engine } from './engine.ts'

/** Bytes of the keys and values of one token. */
export const tokenBytes = ({ config: { layers, kvHeads, headDim }, precision }: Net): number =>
  dtypes[precision.compute].bytes * layers * 2 * kvHeads * headDim

/** Most tokens, and bytes of their keys and values, that a session holds which names no budget. */
const [TOKENS, BYTES] = [2 ** 16, 2 ** 31]

export const standardBudget = (net: Net): number => Math.min(TOKENS, Math.floor(BYTES / tokenBytes(net)))

/** Lanes first have room for this many entries; full ones are copied to memory twice as long. None gets longer than it may have to be. */
const FIRST_CAPACITY = 64

export interface Lanes {
  /** R */
  readonly count: number
  /** Entries that a lane will have at most. */
  most: number
  /** Entries of each lane. */
  readonly lengths: number[]
  /** Of each lane, the rows of the trace where its entries were computed; −1 where there is none. */
  readonly traced: number[][]
  capacity: number
  /** Per layer, [capacity, R, K, H]. */
  readonly keys: Tensor<Float>[]
  readonly values: Tensor<Float>[]
}

/** So many lanes, of which none gets longer than `most` entries. */
export type OpenLanes = (count: number, most: number) => Lanes

export function openLanes(engine: Engine, count: number, most: number): Lanes {
  const capacity = Math.min(FIRST_CAPACITY, most)
  const tensors = () => Array.from({ length: engine.config.layers }, () => allocate(engine, capacity, count))
  const lengths = new Array<number>(count).fill(0)
  return { count, most, capacity, lengths, traced: lengths.map(() => []), keys: tensors(), values: tensors() }
}

export function freeLanes({ programs }: Engine, { keys, values }: Lanes): void {
  for (const tensor of [...keys, ...values]) programs.device.free(tensor)
}

/** Makes room for so many entries, one tensor at a time. */
export function reserve(engine: Engine, lanes: Lanes, entries: number): void {
  if (entries <= lanes.capacity) return
  const { device } = engine.programs
  lanes.most = Math.max(lanes.most, entries)
  const width = lanes.count * entryWidth(engine)
  const held = lanes.lengths.reduce((most, length) => Math.max(most, length), 0)
  lanes.capacity = Math.min(lanes.most, Math.max(entries, 2 * lanes.capacity))
  for (const tensors of [lanes.keys, lanes.values])
    tensors.forEach((from, layer) => {
      const to = allocate(engine, lanes.capacity, lanes.count)
      if (held > 0) device.copy(from, to, { width, count: held, from: 0, fromPitch: width, to: 0, toPitch: width })
      device.free(from)
      tensors[layer] = to
    })
}

/** One of some lanes. */
export interface Place {
  lanes: Lanes
  lane: number
}

/** So many more entries of a lane, to be overwritten and traced nowhere; returns the first of them. */
export function extend(engine: Engine, { lanes, lane }: Place, entries: number): number {
  const at = lanes.lengths[lane]!
  reserve(engine, lanes, at + entries)
  for (let i = at; i < at + entries; i++) lanes.traced[lane]![i] = -1
  lanes.lengths[lane] = at + entries
  return at
}

/** Entries `first` up to `end` of one lane to the end of another. */
export function copyEntries(
  engine: Engine,
  source: Place,
  [first, end]: readonly [number, number],
  target: Place,
): void {
  if (end <= first) return
  const width = entryWidth(engine)
  const { lanes, lane } = target
  const at = extend(engine, target, end - first)
  const [fromPitch, toPitch] = [source.lanes.count * width, lanes.count * width]
  const stretches = {
    width,
    count: end - first,
    from: first * fromPitch + source.lane * width,
    fromPitch,
    to: at * toPitch + lane * width,
    toPitch,
  }
  for (const kind of ['keys', 'values'] as const)
    lanes[kind].forEach((to, layer) => engine.programs.device.copy(source.lanes[kind][layer]!, to, stretches))
  for (let i = 0; i < end - first; i++) lanes.traced[lane]![at + i] = source.lanes.traced[source.lane]![first + i] ?? -1
}

/** K·H, the elements of one entry of one lane. */
export const entryWidth = ({ config: { kvHeads, headDim } }: Net): number => kvHeads * headDim

function allocate({ config, precision, programs }: Engine, capacity: number, count: number): Tensor<Float> {
  return programs.device.alloc(precision.compute, [capacity, count, config.kvHeads, config.headDim])
}
