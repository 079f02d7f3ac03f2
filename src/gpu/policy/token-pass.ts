// One pass of decoding on the device: any number of new tokens of any sequences go through all blocks, whose keys and values
// go to their lanes.
//
// Letters as in block.ts; T tokens of the pass, R lanes of which the N lanes of a shared prompt serve G each.
import { masksOf } from './token-masks.ts'
import { angles } from './batch.ts'
import { attendGraph, projectGraph, transformGraph, type Form } from '../net/decode.ts'
import { headSizes } from '../net/attention.ts'
import type { CopiedStretches, Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import { layerWeights, type Engine, type Trace } from './engine.ts'
import { entryWidth, reserve, type Lanes } from './lanes.ts'
import { embedRows } from './passes.ts'
import type { Tensors } from '../device/programs.ts'
import { elements } from '../graph/tensor.ts'
import { adaptable, shapeOf, windowOf } from '../weights/family.ts'
import { note } from './trace.ts'

/** What lanes are fed in a pass. */
export interface Feed {
  lanes: Lanes
  /** Prompts that the lanes go on from: each of its lanes serves as many of them, in order. */
  shared?: Lanes | undefined
  /** New tokens of each lane; a lane without any rests. */
  tokens: readonly (readonly number[])[]
  /** Nothing is drawn from any of them: of the last layer their keys and values are enough. */
  silent?: boolean
}

/** Tokens up to which linear maps are computed as columns: 16 of them take as long as one. A single one is faster as a row. */
const FEW = 64

export const formOf = (tokens: number): Form => (tokens > 1 && tokens <= FEW ? 'columns' : 'rows')

/**
 * What the head reads of every token, [T, D], feed by feed and lane by lane; good until the next pass. What was computed goes to
 * the trace, where one is given that has room.
 */
export function tokenPass(engine: Engine, feeds: readonly Feed[], trace?: Trace): Tensor<Float> {
  const { config, precision, programs, scratch, parameters } = engine
  const { compute } = precision
  const { heads, headDim: H, hidden: D, layers } = config
  const { device } = programs
  const ids = feeds.flatMap(({ tokens }) => tokens.flat())
  const T = ids.length
  const form = formOf(T)
  const { cos, sin } = angles(config, feeds.flatMap(positionsOf))
  const rope = {
    cos: scratch.put(compute, 'decode cos', [T, H / 2], cos),
    sin: scratch.put(compute, 'decode sin', [T, H / 2], sin),
  }
  const take = (name: string, width: number) => scratch.take(compute, `decode ${name}`, [T, width])
  const passing: Tensors = {
    queries: take('queries', heads * H),
    keys: take('keys', entryWidth(engine)),
    values: take('values', entryWidth(engine)),
    attended: take('attended', heads * H),
  }
  const saving = trace !== undefined && trace.used + T <= trace.capacity
  const views: Tensor[] = []
  const view = <D extends Float>(whole: Tensor<D>, shape: number[], offset = 0): Tensor<D> => {
    const tensor = device.view(whole, shape, offset)
    views.push(tensor)
    return tensor
  }
  /** The rows of this pass in a matrix of the trace. */
  const traced = <D extends Float>(whole: Tensor<D>) => view(whole, [T, whole.shape[1]!], trace!.used * whole.shape[1]!)
  const streams = [take('even', D), take('odd', D)] as const
  const streamOf = (layer: number) => (saving ? traced(trace.stream[layer]!) : streams[layer % 2]!)
  let x = streamOf(0)
  embedRows(engine, scratch.putIds('decode ids', [T], BigInt64Array.from(ids, BigInt)), x, parameters.weight)
  let before = 0
  const parts = feeds.map((feed, f) => {
    const count = feed.tokens.reduce((sum, { length }) => sum + length, 0)
    const part = { ...prepare(engine, feed, f, before), count, first: before }
    before += count
    return part
  })
  const entries = (lanes: Lanes, count: number, layer: number) => {
    const shape = [count, lanes.count, config.kvHeads, H]
    return { keys: view(lanes.keys[layer]!, shape), values: view(lanes.values[layer]!, shape) }
  }
  for (let layer = 0; layer < layers; layer++) {
    const weights: Tensors = layerWeights(config, layer, parameters.weight)
    const last = layer === layers - 1
    const tensors = saving ? mapped(trace.kept[layer]!, traced) : passing
    const { queries, keys, values, attended } = tensors as Record<Passing, Tensor<Float>>
    programs.run(`decode project ${form}`, () => projectGraph(engine, form), { x, ...rope, ...weights }, tensors)
    const window = windowOf(config, layer)
    for (const { feed, inputs, masks, copies, length, count, first } of parts) {
      const { lanes, shared, silent = false } = feed
      for (const stretches of copies) {
        device.copy(keys, lanes.keys[layer]!, stretches)
        device.copy(values, lanes.values[layer]!, stretches)
      }
      if (last && silent) continue
      const { tensors: seen, sliding } = masks(window)
      const theirs = shared && entries(shared, longest(shared), layer)
      programs.run(
        `decode attend ${shared !== undefined} ${sliding}`,
        () => attendGraph(engine, shared !== undefined, sliding),
        {
          queries,
          ...inputs,
          ...seen,
          ...entries(lanes, length, layer),
          ...(theirs && { sharedKeys: theirs.keys, sharedValues: theirs.values }),
        },
        { output: view(attended, [count, heads * H], first * heads * H) },
      )
    }
    const y = streamOf(layer + 1)
    if (!last || feeds.some(({ silent = false }) => !silent))
      programs.run(
        `decode transform ${form} ${saving}`,
        () => transformGraph(engine, form, saving),
        { x, attended, ...weights },
        { ...tensors, y },
      )
    x = y
  }
  // The caller reads it after the views are gone.
  const top = saving ? scratch.part(trace.stream[layers]!, [T, D], trace.used * D) : streams[layers % 2]!
  for (const tensor of views) device.free(tensor)
  for (const feed of feeds) note(saving ? trace : undefined, feed)
  for (const { lanes, tokens } of feeds) tokens.forEach(({ length }, lane) => (lanes.lengths[lane]! += length))
  return top
}

/** Multiplications for a pair of a query and a key, and of the linear maps for a token, in a block. */
export const attentionProducts = ({ config: { heads, headDim } }: Engine): number => 2 * heads * headDim
export const linearProducts = ({ config }: Engine): number =>
  adaptable.reduce((sum, role) => sum + elements(shapeOf(config, role)), 0)

type Passing = 'queries' | 'keys' | 'values' | 'attended'

const mapped = (tensors: Tensors, change: (tensor: Tensor<Float>) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor as Tensor<Float>)]))

/** Pairs of queries and keys that a feed computes, and those that its tokens need. */
export function attentionOf({ lanes, shared, tokens }: Feed): { spent: number; needed: number } {
  const most = tokens.reduce((all, { length }) => Math.max(all, length), 0)
  let needed = 0
  tokens.forEach((some, lane) => {
    needed += some.length * (lanes.lengths[lane]! + some.length + lengthBefore(shared, lane, lanes.count))
  })
  const spent = lanes.count * most * (lengthOf(lanes, tokens) + (shared ? longest(shared) : 0))
  return { spent, needed }
}

const longest = ({ lengths }: Lanes): number => lengths.reduce((most, length) => Math.max(most, length), 0)

/** Entries of the longest lane that is fed, its new ones included. */
const lengthOf = (lanes: Lanes, tokens: Feed['tokens']): number =>
  tokens.reduce((most, { length }, lane) => (length === 0 ? most : Math.max(most, lanes.lengths[lane]! + length)), 0)

/** Tokens of the prompt that a lane goes on from. */
const lengthBefore = (shared: Lanes | undefined, lane: number, count: number): number =>
  shared ? shared.lengths[Math.floor((lane * shared.count) / count)]! : 0

/** Places in their sequences of all tokens of a feed. */
const positionsOf = ({ lanes, shared, tokens }: Feed): number[] =>
  tokens.flatMap((some, lane) => {
    const first = lengthBefore(shared, lane, lanes.count) + lanes.lengths[lane]!
    return some.map((_, i) => first + i)
  })

/** What is the same for all layers of a feed, the f-th of its pass, whose tokens begin at row `before`. */
function prepare(engine: Engine, feed: Feed, f: number, before: number) {
  const { config, precision, scratch } = engine
  const { lanes, shared, tokens } = feed
  const { S } = headSizes(config)
  const R = lanes.count
  const n = tokens.reduce((most, { length }) => Math.max(most, length), 0)
  const length = lengthOf(lanes, tokens)
  reserve(engine, lanes, length)
  // Places without a token compute any, and nobody takes what comes of it.
  const place = new BigInt64Array(R * n).fill(BigInt(before))
  const back: bigint[] = []
  const copies: CopiedStretches[] = []
  const width = entryWidth(engine)
  let row = before
  tokens.forEach((some, lane) => {
    const held = lanes.lengths[lane]!
    some.forEach((_, i) => {
      place[lane * n + i] = BigInt(row + i)
      back.push(BigInt(lane * n + i))
    })
    addCopy(copies, some.length, { width, from: row * width, to: (held * R + lane) * width, toPitch: R * width })
    row += some.length
  })
  const put = (name: string, shape: readonly number[], values: Float32Array) =>
    scratch.put(precision.reduce, `decode ${name} ${f}`, shape, values)
  const places = (name: string, shape: readonly number[]) => scratch.putIds(`decode ${name} ${f}`, shape, place)
  const N = shared?.count ?? 0
  const inputs: Tensors = {
    place: places('place', [R, n]),
    back: scratch.putIds(`decode back ${f}`, [back.length], BigInt64Array.from(back)),
    ...(shared && { sharedPlace: places('shared place', [N, (R / N) * n]) }),
  }
  const furthest = positionsOf(feed).reduce((most, position) => Math.max(most, position), 0)
  const made = new Map<number | undefined, Tensors>()
  const masks = (window: number | undefined) => {
    // One for all windows that hide nothing.
    const reach = window !== undefined && furthest >= window ? window : undefined
    if (!made.has(reach)) {
      const { own, prompt } = masksOf(feed, { n, length, S }, reach)
      made.set(reach, {
        mask: put(`mask ${reach}`, own.shape, own.values),
        ...(prompt && { sharedMask: put(`shared mask ${reach}`, prompt.shape, prompt.values) }),
      })
    }
    return { tensors: made.get(reach)!, sliding: reach !== undefined }
  }
  return { feed, inputs, masks, copies, length }
}

/** Entries that lie together before and after are one copy. */
function addCopy(
  copies: CopiedStretches[],
  count: number,
  { width, from, to, toPitch }: Pick<CopiedStretches, 'width' | 'from' | 'to' | 'toPitch'>,
): void {
  if (count === 0) return
  const last = copies.at(-1)
  if (count === 1 && last?.count === 1 && last.to + last.width === to && last.from + last.width === from)
    // No stretch may be wider than what lies between the beginnings of two.
    last.width = last.fromPitch = last.toPitch = last.width + width
  else copies.push({ width, count, from, fromPitch: width, to, toPitch })
}
