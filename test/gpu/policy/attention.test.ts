// Attention in pieces against its definition, in float64 and row by row.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { headSizes } from '../../../src/gpu/net/attention.ts'
import { portions } from '../../../src/gpu/device/portions.ts'
import { piecesOf } from '../../../src/gpu/net/pieces.ts'
import { rowsOf } from '../../../src/gpu/net/sizes.ts'
import { backwardAttention, forwardAttention, sightOf } from '../../../src/gpu/policy/attention-pass.ts'
import { forestBatch, paddedBatch, type Batch } from '../../../src/gpu/policy/batch.ts'
import type { Group } from '../../../src/gpu/policy/policy.ts'
import { openEngine } from '../../../src/gpu/policy/trainable.ts'
import type { ModelConfig } from '../../../src/gpu/weights/family.ts'
import { stream } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-attention-'))
const device = await openDevice('cpu')
const { engine } = openEngine(device, writeTinyModel(join(root, 'model'), 'qwen2'), 'language', {})
const { config } = engine
afterAll(() => rmSync(root, { recursive: true }))

/** No two begin alike. */
let begun = 0
const ids = (length: number) => {
  const first = begun++
  return Array.from({ length }, (_, i) => (first + i) % 60)
}
const group = (prompt: number, ...completions: number[]): Group => ({
  prompt: ids(prompt),
  completions: completions.map(ids),
})
/** A prompt, and leaves that begin with each other's first tokens. */
const tree = (prompt: number, shared: number, ...completions: number[]): Group => {
  const [first, second] = [ids(shared), ids(shared)]
  return {
    prompt: ids(prompt),
    completions: completions.map((own, i) => [...(i % 2 === 0 ? first : second), ...ids(own)]),
  }
}
const batches: Record<string, Group[]> = {
  'short prompts and completions': [group(5, 3, 7), group(30, 2, 20)],
  'one prompt without rows': [group(1, 4)],
  'prompts cut into parts, completions whole': [group(150, 5, 9, 1), group(300, 20, 1, 2)],
  'prompts whole, completions cut into parts': [group(20, 140, 200), group(9, 3, 150)],
  'both cut into parts': [group(200, 140, 3), group(131, 2, 170)],
  'completions cut into parts, no prompt rows': [group(1, 260)],
}
const trees: Record<string, Group[]> = {
  'a small tree': [tree(20, 40, 3, 5, 9, 1)],
  'trees whose rows see what lies apart': [tree(40, 70, 30, 40), tree(1, 80, 20, 25, 40)],
  'completions that share nothing': [group(30, 2, 40)],
}
/** Rows that each row sees, of these no more than the last `window`. */
function seenBy({ sizes, promptMask, branches }: Batch, window = Infinity): number[][] {
  if (branches)
    return Array.from(branches.parents, (_, row) => {
      const path: number[] = []
      for (let above = row; above >= 0; above = branches.parents[above]!) path.unshift(above)
      return path.slice(-window)
    })
  const { groups: N, samples: G, prompt: P, completion: R } = sizes
  const upTo = (first: number, i: number) => Array.from({ length: i + 1 }, (_, j) => first + j)
  const prompts = Array.from({ length: N * P }, (_, row) => upTo(row - (row % P), row % P))
  const completions = Array.from({ length: N * G * R }, (_, row) => {
    const n = Math.floor(row / (G * R))
    const prompt = upTo(n * P, P - 1).filter((key) => !promptMask?.[key])
    return [...prompt, ...upTo(N * P + row - (row % R), row % R)]
  })
  return [...prompts, ...completions].map((seen) => seen.slice(-window))
}

/** softmax(q·kᵀ/√H)·v of every row and head. */
function attention(config: ModelConfig, seen: number[][], q: Float64Array, k: Float64Array, v: Float64Array) {
  const { K, S, H, scale } = headSizes(config)
  const output = new Float64Array(q.length)
  seen.forEach((keys, row) => {
    for (let head = 0; head < K * S; head++) {
      const at = (row * K * S + head) * H
      const shared = Math.floor(head / S)
      let total = 0
      for (const key of keys) {
        const of = (key * K + shared) * H
        let sum = 0
        for (let h = 0; h < H; h++) sum += q[at + h]! * k[of + h]!
        const weight = Math.exp(scale * sum)
        total += weight
        for (let h = 0; h < H; h++) output[at + h]! += weight * v[of + h]!
      }
      for (let h = 0; h < H; h++) output[at + h]! /= total
    }
  })
  return output
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0)

const cases = [
  ...Object.entries(batches).flatMap(([name, groups]) => [
    { name, batch: paddedBatch(groups, engine) },
    { name: `${name}, in a window`, batch: paddedBatch(groups, engine), window: 7 },
  ]),
  { name: 'a window longer than a part', batch: paddedBatch([group(20, 3, 180)], engine), window: 133 },
  ...Object.entries(trees).flatMap(([name, groups]) => [
    { name, batch: forestBatch(groups, engine) },
    { name: `${name}, in a window`, batch: forestBatch(groups, engine), window: 50 },
  ]),
]

test.each(cases)('is its definition, and its gradients are its slopes: $name', ({ batch, window }) => {
  const sliding = {
    ...engine,
    config: {
      ...config,
      sliding: window === undefined ? undefined : { window, asked: true, from: 1, types: undefined },
    },
  }
  const T = rowsOf(batch.sizes)
  const { K, S, H } = headSizes(config)
  const random = stream(7)
  const draw = (length: number) => Float64Array.from({ length }, () => Math.fround(random() * 2 - 1))
  const [q, k, v, slope] = [draw(T * K * S * H), draw(T * K * H), draw(T * K * H), draw(T * K * S * H)] as const
  const place = (values: Float64Array) => {
    const tensor = device.alloc('f32', [T, values.length / T])
    device.upload(tensor, Float32Array.from(values))
    return tensor
  }
  const tensors = {
    queries: place(q),
    keys: place(k),
    values: place(v),
    attended: place(new Float64Array(q.length)),
    'd attended': place(slope),
    'd queries': place(new Float64Array(q.length)),
    'd keys': place(new Float64Array(k.length)),
    'd values': place(new Float64Array(v.length)),
  }
  const sight = sightOf(engine, batch)
  const attending = { batch, sight, layer: 1 }
  forwardAttention(sliding, attending, tensors)
  const seen = seenBy(batch, window)
  const want = attention(config, seen, q, k, v)
  const found = device.download(tensors.attended)
  expect(Math.max(...want.map((x, i) => Math.abs(x - found[i]!)))).toBeLessThan(1e-5)

  backwardAttention(sliding, attending, tensors)
  const inputs = { 'd queries': q, 'd keys': k, 'd values': v }
  for (const [name, values] of Object.entries(inputs)) {
    const direction = draw(values.length)
    const moved = (step: number) => {
      const of = (each: Float64Array) => (each === values ? each.map((x, i) => x + step * direction[i]!) : each)
      return dot(attention(config, seen, of(q), of(k), of(v)), slope)
    }
    const derivative = (moved(1e-4) - moved(-1e-4)) / 2e-4
    const gradient = device.download(tensors[name as keyof typeof inputs])
    const size = Math.sqrt(dot(gradient, gradient) * dot(direction, direction))
    expect(Math.abs(dot(gradient, direction) - derivative) / size).toBeLessThan(1e-5)
  }
  for (const tensor of Object.values(tensors)) device.free(tensor)
})

test('has every row of a batch in one piece', () => {
  for (const [wide, pieces] of [2, 14, 64].flatMap((wide) =>
    Object.values(portions).map((each) => [wide, each] as const),
  ))
    for (const [groups, samples, prompt, completion] of [
      [1, 1, 0, 16],
      [5, 3, 16, 32],
      [2, 0, 640, 0],
      [3, 8, 1024, 64],
      [2, 2, 6144, 1280],
      [40, 5, 64, 128],
    ] as const) {
      const sizes = { groups, samples, prompt, completion }
      const rows = piecesOf({ config: { heads: wide }, portions: pieces }, sizes).flatMap((piece) => {
        const { of, group, sample } = piece
        const [length, each, first] = of === 'prompt' ? [prompt, 1, 0] : [completion, samples, groups * prompt]
        const start = first + (group * each + sample) * length + (piece.kind === 'part' ? piece.start : 0)
        const count = piece.kind === 'part' ? piece.rows : piece.groups * piece.samples * length
        return Array.from({ length: count }, (_, i) => start + i)
      })
      expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rowsOf(sizes) }, (_, i) => i))
    }
})
