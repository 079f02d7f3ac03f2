// Rows that write token after token on the device, C of them between two looks of the host.
//
// Letters as in net/token.ts; R lanes of t entries (lanes.ts).
import { copyTensor } from '../device/copy.ts'
import type { Tensor } from '../device/device.ts'
import type { Tensors } from '../device/programs.ts'
import { setValues } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { headSizes } from '../net/attention.ts'
import { inLayer, packs, packShape, packsOf, tokenGraph, type TokenSizes } from '../net/token.ts'
import { outputName, toOnnx } from '../graph/onnx.ts'
import { elements } from '../graph/tensor.ts'
import { layerRoles } from '../weights/family.ts'
import { angles } from './batch.ts'
import type { Engine } from './engine.ts'
import { scaleOf, type Law } from './law.ts'
import type { Lanes } from './lanes.ts'

/** What a row is to write after. */
export interface Start {
  /** The last token, which its cache does not hold yet. */
  id: number
  /** Entries that its cache holds. */
  held: number
  law: Pick<Law, 'temperature'>
  /** Uniform in [0, 1) for the i-th token from here. */
  draw: (i: number) => number
}

export interface TokenSteps {
  /** Copies all entries of a lane to the cache of a row. */
  fill(row: number, source: { lanes: Lanes; lane: number }): void
  /** Writes `count` tokens of each row, at most C: their ids and log-probs under the law, [B][count]. A row without a start writes for nobody. */
  write(rows: readonly (Start | undefined)[], count: number): { ids: number[][]; logprobs: number[][] }
  /** Weights have changed. */
  refresh(): void
  free(): void
}

/** Least C and M: so many tokens are written where the first run is recorded. */
const FEWEST = 3

/** With `greedy` sizes every temperature is 0, else none is. */
export function tokenSteps(engine: Engine, sizes: TokenSizes): TokenSteps {
  const { config, precision, programs, parameters } = engine
  const { device } = programs
  const { rows: B, places: M, tokens: C, greedy } = sizes
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
  }
  const caches = new Map(
    layers.flatMap((layer) => ['keys', 'values'].map((name) => [inLayer(name, layer), float([B, K, M, H])] as const)),
  )
  const packed = new Map(
    layers.flatMap((layer) =>
      packsOf(config).map(
        (pack) => [inLayer(pack, layer), keep(device.alloc(precision.weights, packShape(config, pack)))] as const,
      ),
    ),
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
  for (const layer of layers)
    for (const role of layerRoles(config)) weights[inLayer(role, layer)] = parameters.weight(role, layer)
  const replaced: Tensors = { ...state, ...Object.fromEntries(caches) }
  const inputs: Tensors = { ...replaced, ...asked, ...rope, ...weights, ...Object.fromEntries(packed) }

  function refresh(): void {
    for (const layer of layers)
      for (const pack of packsOf(config)) {
        const whole = packed.get(inLayer(pack, layer))!
        let offset = 0
        for (const role of packs[pack]) {
          const weight = parameters.weight(role, layer)
          const part = device.view(whole, weight.shape, offset)
          copyTensor(programs, weight, part)
          device.free(part)
          offset += elements(weight.shape)
        }
      }
  }
  refresh()

  const graph = tokenGraph(engine, sizes)
  const session = device.compile(toOnnx(graph), graph.name, { capture: true })
  const binding = session.bind()
  for (const name of Object.keys(graph.inputs)) binding.input(name, inputs[name]!)
  for (const name of Object.keys(graph.outputs)) binding.output(outputName(graph, name), replaced[name]!)
  // Where launches are recorded, the first run is three; whatever it leaves is overwritten before it is read.
  binding.run()

  return {
    refresh,
    fill(row, { lanes, lane }) {
      const count = lanes.lengths[lane]!
      if (count === 0) return
      for (const kind of ['keys', 'values'] as const)
        for (const layer of layers)
          // From [t, R, K, H] to [B, K, M, H].
          for (let head = 0; head < K; head++)
            device.copy(lanes[kind][layer]!, caches.get(inLayer(kind, layer))!, {
              width: H,
              count,
              from: (lane * K + head) * H,
              fromPitch: lanes.count * K * H,
              to: (row * K + head) * M * H,
              toPitch: H,
            })
    },
    write(rows, count) {
      const longest = Math.max(0, ...rows.map((row) => row?.held ?? 0))
      if (count > C || longest + count > M || rows.length > B)
        throw new Error(`${rows.length} rows, ${count} tokens after ${longest} do not fit ${B} rows, ${C} and ${M}`)
      const each = <T>(of: (row: Start | undefined) => T) => Array.from({ length: B }, (_, row) => of(rows[row]))
      const held = Int32Array.from(each((row) => row?.held ?? 0))
      device.upload(state.ids, BigInt64Array.from(each((row) => BigInt(row?.id ?? 0))))
      device.upload(state.held, held)
      device.upload(asked.start, held)
      if (!greedy) {
        const draws = each((row) => Array.from({ length: C }, (_, i) => (i < count ? (row?.draw(i) ?? 0) : 0)))
        setValues(asked.uniforms, Float32Array.from(draws.flat()))
        setValues(asked.scale, Float32Array.from(each((row) => 1 / scaleOf(row?.law ?? { temperature: 1 }))))
      }
      for (let i = 0; i < count; i++) binding.run()
      const ids = Array.from(device.download(state.written), Number)
      const logprobs = Array.from(device.download(state.logprobs))
      const rowsOf = (all: number[]) => rows.map((_, row) => all.slice(row * C, row * C + count))
      return { ids: rowsOf(ids), logprobs: rowsOf(logprobs) }
    },
    free() {
      binding.free()
      session.free()
      for (const tensor of own) device.free(tensor)
    },
  }
}
