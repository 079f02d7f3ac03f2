// Rows that write token after token on the device, C of them between two looks of the host.
//
// Letters as in net/token.ts; R lanes of t entries (lanes.ts).
import type { Binding, Session, Tensor } from '../device/device.ts'
import type { Tensors } from '../device/programs.ts'
import { setValues } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { headSizes } from '../net/attention.ts'
import { packsOf } from '../net/packs.ts'
import { inLayer, tokenGraph, type TokenSizes } from '../net/token.ts'
import { outputName, toOnnx } from '../graph/onnx.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/net.ts'
import { layerRoles } from '../weights/family.ts'
import { angles } from './batch.ts'
import type { Engine } from './engine.ts'
import { isFiltered, scaleOf, type Law } from './law.ts'
import { extend, tokenBytes, type Place } from './lanes.ts'

/** What a row is to write after. */
export interface Start {
  /** The last token, which its cache does not hold yet. */
  id: number
  /** Entries that its cache holds. */
  held: number
  law: Omit<Law, 'repetitionPenalty'>
  /** Uniform in [0, 1) for the i-th token from here. */
  draw: (i: number) => number
}

export interface TokenSteps {
  readonly sizes: TokenSizes
  /** Copies the first `count` entries of a lane to the cache of a row, from its place `at` on. */
  fill(row: number, at: number, source: Place, count: number): void
  /** Copies entries `first` up to `end` of a row to the end of a lane. */
  give(row: number, entries: readonly [first: number, end: number], target: Place): void
  /** Copies the first `count` entries of the rows that other steps have too to those. */
  move(to: TokenSteps, count: number): void
  /** Of each layer, keys and values [B, K, M, H]. */
  readonly caches: Tensors
  /** Writes `count` tokens of each row, at most C: their ids and log-probs under the law, [B][count]. What of a row without a start is beyond the given number of entries is overwritten. */
  write(rows: readonly (Start | number)[], count: number): { ids: number[][]; logprobs: number[][] }
  free(): void
}

/** Of a row: its last token, what it holds, and its law. */
const LAW_BYTES = 2 * dtypes.i64.bytes + 6 * dtypes.f32.bytes

/** Bytes of all that steps of that size keep. */
export function stepBytes(net: Net, { rows, places, tokens }: TokenSizes): number {
  const rope = places * net.config.headDim * dtypes[net.precision.compute].bytes
  const looks = rows * (tokens * (dtypes.i64.bytes + 2 * dtypes.f32.bytes) + LAW_BYTES)
  return rows * places * tokenBytes(net) + rope + looks
}

/** Least C and M: so many tokens are written where the first run is recorded. */
const FEWEST = 3

export function tokenSteps(engine: Engine, sizes: TokenSizes): TokenSteps {
  const { config, precision, programs, parameters } = engine
  const { device } = programs
  const { rows: B, places: M, tokens: C } = sizes
  if (C < FEWEST || M < FEWEST) throw new Error(`${C} tokens of ${M} places are fewer than the first run writes`)
  const { K, H } = headSizes(config)
  const own: Tensor[] = []
  const keep = <T extends Tensor>(tensor: T): T => {
    own.push(tensor)
    return tensor
  }
  const layers = Array.from({ length: config.layers }, (_, layer) => layer)
  const float = (shape: number[]) => keep(device.alloc(precision.compute, shape))
  const state = {
    ids: keep(device.alloc('i64', [B])),
    held: keep(device.alloc('i32', [B])),
    written: keep(device.alloc('i64', [B, C])),
    logprobs: keep(device.alloc('f32', [B, C])),
  }
  const asked = {
    start: keep(device.alloc('i32', [B])),
    uniforms: keep(device.alloc('f32', [B, C])),
    scale: keep(device.alloc('f32', [B, 1])),
    cuts: keep(device.alloc('i64', [B, 1])),
    topK: keep(device.alloc('f32', [B, 1])),
    topP: keep(device.alloc('f32', [B, 1])),
    minP: keep(device.alloc('f32', [B, 1])),
  }
  const caches = Object.fromEntries(
    layers.flatMap((layer) => ['keys', 'values'].map((name) => [inLayer(name, layer), float([B, K, M, H])] as const)),
  )
  const rope = { cos: float([M, H / 2]), sin: float([M, H / 2]) }
  const { cos, sin } = angles(
    config,
    Array.from({ length: M }, (_, position) => position),
  )
  setValues(rope.cos, cos)
  setValues(rope.sin, sin)
  const weights: Record<string, Tensor<Float>> = { embed: parameters.weight('embed'), head: parameters.weight('head') }
  weights['finalNorm'] = parameters.weight('finalNorm')
  for (const layer of layers) {
    for (const role of layerRoles(config)) weights[inLayer(role, layer)] = parameters.weight(role, layer)
    for (const pack of packsOf(config)) weights[inLayer(pack, layer)] = keep(parameters.packed(pack, layer))
  }
  const replaced: Tensors = { ...state, ...caches }
  const inputs: Tensors = { ...replaced, ...asked, ...rope, ...weights }

  const graphs = new Map<boolean, { session: Session; binding: Binding }>()
  /** The graph that draws for laws that cut, or for those that do not. */
  function graphOf(cutting: boolean): Binding {
    const known = graphs.get(cutting)
    if (known) return known.binding
    const graph = tokenGraph(engine, sizes, cutting)
    const session = device.compile(toOnnx(graph), graph.name, { capture: true })
    const binding = session.bind()
    for (const name of Object.keys(graph.inputs)) binding.input(name, inputs[name]!)
    for (const name of Object.keys(graph.outputs)) binding.output(outputName(graph, name), replaced[name]!)
    graphs.set(cutting, { session, binding })
    // Where launches are recorded, the first run is three: it writes behind what rows hold, where the next one does too.
    binding.run()
    return binding
  }
  graphOf(false)

  /** Where entries of a head lie in a lane [t, R, K, H] and in a row [B, K, M, H]. */
  const inLane = ({ lanes, lane }: Place, entry: number, head: number) => ((entry * lanes.count + lane) * K + head) * H
  const inRow = (row: number, entry: number, head: number) => ((row * K + head) * M + entry) * H
  const everywhere = (each: (kind: 'keys' | 'values', layer: number, cache: Tensor) => void) => {
    for (const kind of ['keys', 'values'] as const)
      for (const layer of layers) each(kind, layer, caches[inLayer(kind, layer)]!)
  }

  return {
    sizes,
    caches,
    fill(row, at, source, count) {
      if (count === 0) return
      everywhere((kind, layer, cache) => {
        for (let head = 0; head < K; head++)
          device.copy(source.lanes[kind][layer]!, cache, {
            width: H,
            count,
            from: inLane(source, 0, head),
            fromPitch: source.lanes.count * K * H,
            to: inRow(row, at, head),
            toPitch: H,
          })
      })
    },
    give(row, [first, end], target) {
      if (end <= first) return
      const at = extend(engine, target, end - first)
      everywhere((kind, layer, cache) => {
        for (let head = 0; head < K; head++)
          device.copy(cache, target.lanes[kind][layer]!, {
            width: H,
            count: end - first,
            from: inRow(row, first, head),
            fromPitch: H,
            to: inLane(target, at, head),
            toPitch: target.lanes.count * K * H,
          })
      })
    },
    move(to, count) {
      if (count === 0) return
      everywhere((kind, layer, cache) =>
        device.copy(cache, to.caches[inLayer(kind, layer)]!, {
          width: count * H,
          count: Math.min(B, to.sizes.rows) * K,
          from: 0,
          fromPitch: M * H,
          to: 0,
          toPitch: to.sizes.places * H,
        }),
      )
    },
    write(rows, count) {
      const heldBy = (row: Start | number | undefined) => (typeof row === 'object' ? row.held : (row ?? 0))
      const longest = rows.reduce<number>((most, row) => Math.max(most, heldBy(row)), 0)
      if (count > C || longest + count > M || rows.length > B)
        throw new Error(`${rows.length} rows, ${count} tokens after ${longest} do not fit ${B} rows, ${C} and ${M}`)
      const each = <T>(of: (start: Start | undefined) => T) =>
        Array.from({ length: B }, (_, row) => of(typeof rows[row] === 'object' ? rows[row] : undefined))
      const held = Int32Array.from({ length: B }, (_, row) => heldBy(rows[row]))
      const upload = () => {
        device.upload(state.ids, BigInt64Array.from(each((start) => BigInt(start?.id ?? 0))))
        device.upload(state.held, held)
        device.upload(asked.start, held)
      }
      const draws = each((start) =>
        Array.from({ length: C }, (_, i) =>
          i >= count || !start ? 0 : start.law.temperature === 0 ? GREEDY : start.draw(i),
        ),
      )
      const numbers = (of: (law: Start['law']) => number) =>
        Float32Array.from(each((start) => of(start?.law ?? { temperature: 1 })))
      const cuts = each((start) => BigInt(start && start.law.temperature !== 0 && isFiltered(start.law) ? 1 : 0))
      setValues(asked.uniforms, Float32Array.from(draws.flat()))
      setValues(
        asked.scale,
        numbers((law) => 1 / scaleOf(law)),
      )
      const cutting = cuts.includes(1n)
      if (cutting) {
        device.upload(asked.cuts, BigInt64Array.from(cuts))
        setValues(
          asked.topK,
          numbers(({ topK = 0 }) => topK || config.vocabulary),
        )
        setValues(
          asked.topP,
          numbers(({ topP = 1 }) => (topP < 1 ? topP : ALL)),
        )
        setValues(
          asked.minP,
          numbers(({ minP = 0 }) => minP),
        )
        // What rows hold is known before its first run.
        upload()
      }
      const binding = graphOf(cutting)
      upload()
      for (let i = 0; i < count; i++) binding.run()
      const ids = Array.from(device.download(state.written), Number)
      const logprobs = Array.from(device.download(state.logprobs))
      const rowsOf = (all: number[]) => rows.map((_, row) => all.slice(row * C, row * C + count))
      return { ids: rowsOf(ids), logprobs: rowsOf(logprobs) }
    },
    free() {
      for (const { session, binding } of graphs.values()) {
        binding.free()
        session.free()
      }
      for (const tensor of own) device.free(tensor)
    },
  }
}

/** Below every uniform number: says that the most likely token is taken. */
const GREEDY = -1
/** More than any sum of probabilities. */
const ALL = 2
