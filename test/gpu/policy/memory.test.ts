// What is said of memory beforehand against what is allocated.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { portions } from '../../../src/gpu/device/portions.ts'
import type { Net } from '../../../src/gpu/net/net.ts'
import type { ModelConfig } from '../../../src/gpu/weights/family.ts'
import type { Device, Tensor } from '../../../src/gpu/device/device.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { dtypes, elements } from '../../../src/gpu/graph/tensor.ts'
import { float32 } from '../../../src/gpu/device/precision.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { memoryOf, passBytes } from '../../../src/gpu/policy/memory.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Training } from '../../../src/gpu/policy/parameters.ts'
import { keptOf } from '../../../src/gpu/policy/activations.ts'
import { adaptable } from '../../../src/gpu/weights/family.ts'
import { loadConfig } from '../../../src/gpu/weights/hf.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-memory-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

/** The device, and the bytes that are allocated on it through this door and not freed. */
function counted(device: Device): { device: Device; bytes: () => number } {
  const live = new Map<Tensor, number>()
  return {
    device: {
      ...device,
      alloc(dtype, shape) {
        const tensor = device.alloc(dtype, shape)
        live.set(tensor, elements(shape) * dtypes[dtype].bytes)
        return tensor
      },
      free(tensor) {
        live.delete(tensor)
        device.free(tensor)
      },
    },
    bytes: () => live.values().reduce((sum, size) => sum + size, 0),
  }
}

/** 16 rows of a prompt and 3 × 16 of completions: lengths that need no padding. */
const [T, M] = [64, 48]
const group = {
  prompt: Array.from({ length: 17 }, (_, i) => i),
  completions: Array.from({ length: 3 }, (_, g) => Array.from({ length: 16 }, (_, t) => g + t)),
}
const trainings: Training[] = [
  { kind: 'none' },
  { kind: 'full' },
  { kind: 'lora', rank: 3, alpha: 6, targets: ['q', 'v', 'down'], seed: 0 },
  { kind: 'lora', rank: 2, alpha: 6, targets: adaptable, seed: 0 },
]
const families = Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[]

test.each(families.flatMap((family) => trainings.map((training) => [family, training.kind, training] as const)))(
  'is what the engine allocates: %s, training %s',
  (family, _, training) => {
    const folder = writeTinyModel(join(root, family), family)
    const net = { config: loadConfig(folder), precision: float32, portions: device.portions }
    const reference = training.kind === 'full'
    const said = memoryOf(net, { training, reference, cached: 0, rows: 0, micro: T })
    const measure = (activationBudget: number) => {
      const { device: door, bytes } = counted(device)
      const model = openModel(door, folder, { training, reference, activationBudget })
      // Sums of squares, one a stretch of the parameters.
      const opened = bytes() - (training.kind === 'none' ? 0 : 4)
      if (training.kind === 'none') return { opened, passed: 0 }
      model.forward([group], { temperature: 1, entropy: true })
      model.accumulate([group], { temperature: 1, entropy: true }, ({ logprobs, entropies }) => ({
        logprobs,
        entropies: entropies!,
      }))
      const passed = bytes() - opened
      model.free()
      return { opened, passed }
    }
    const { opened, passed } = measure(device.portions.activations)
    expect(opened).toBe(said.weights + said.reference + said.training)
    if (training.kind === 'none') return
    expect(passed - measure(0).passed).toBe(keptOf(net, T, Infinity).bytes)
    // A few scalars aside; the ids as a column, which adapters alone need not; places, of which long sequences have fewer.
    const missing = passBytes(net, T, M, device.portions.activations) - passed
    expect(missing).toBeLessThanOrEqual(16 * T)
    expect(missing).toBeGreaterThanOrEqual(-8)
    expect(said.activations).toBeGreaterThanOrEqual(passed)
  },
)

test('keeps no more than the budget, of a short pass and of a longer one, of which fewer layers fit', () => {
  const folder = writeTinyModel(join(root, 'budget'), 'qwen2')
  const net = { config: loadConfig(folder), precision: float32, portions: device.portions }
  const longer = { ...group, completions: [...group.completions, group.completions[0]!] }
  const { layers, bytes: budget } = keptOf(net, T, Infinity)
  expect(keptOf(net, T + 16, budget).layers).toBe(layers - 1)
  const { device: door, bytes } = counted(device)
  const model = openModel(door, folder, { training: { kind: 'full' }, activationBudget: budget })
  const opened = bytes()
  for (const each of [group, longer]) model.accumulate([each], { temperature: 1 }, ({ logprobs }) => ({ logprobs }))
  const others = passBytes(net, T + 16, M + 16, 0)
  expect(budget + others).toBeGreaterThanOrEqual(bytes() - opened)
  model.free()
})

test('a plan counts the caches of tokens that are written as one graph', async () => {
  const folder = writeTinyModel(join(root, 'steps'), 'qwen2')
  const decode = { ...portions.cuda.decode, types: ['f32'] } as const
  const net = { config: loadConfig(folder), precision: float32, portions: { ...device.portions, decode } }
  const { device: door, bytes } = counted(device)
  const model = openModel(door, folder, { decode })
  const opened = bytes()
  const requests = [0, 1, 2].map((from) => ({ prompt: [from], samples: 4, key: [from] }))
  await generateAll(model, requests, { temperature: 1, maxNewTokens: 20, eosIds: [] })
  const load = { training: { kind: 'none' }, reference: false, cached: 12 * 20, rows: 12, micro: 0 } as const
  const cache = (more: object) => memoryOf(net, { ...load, ...more }).cache
  const said = cache({ longest: { prompt: 1, written: 20 } }) - cache({ rows: 0, cached: 0 })
  const held = bytes() - opened
  expect(held).toBeGreaterThan(16 * 512 * 256)
  expect(said).toBeGreaterThanOrEqual(held)
  expect(said).toBeLessThan(1.1 * held)
  model.free()
})

test.each(families)('decoding holds no more keys and values than the tokens at full length: %s', async (family) => {
  const folder = writeTinyModel(join(root, `${family}-decoding`), family)
  const net = { config: loadConfig(folder), precision: float32, portions: device.portions }
  const load = { training: { kind: 'none' }, reference: false, cached: 0, rows: 0, micro: 0 } as const
  for (const completion of [5, 64, 130]) {
    const { device: door, bytes } = counted(device)
    const model = openModel(door, folder)
    const opened = bytes()
    let most = 0
    const stop = () => {
      most = Math.max(most, bytes() - opened)
      return false
    }
    const sampling = { temperature: 1, maxNewTokens: completion, eosIds: [], stop }
    const requests = [0, 1].map((from) => ({ prompt: group.prompt.map((id) => id + from), samples: 3, key: [from] }))
    await generateAll(model, requests, sampling)
    const cached = 2 * group.prompt.length + 6 * completion
    // What the longest pass, of the 32 tokens of the prompts, works in: the stream, what attention reads and gives, its masks.
    const { hidden, headDim, heads, kvHeads } = net.config
    const pass = 4 * 32 * (2 * hidden + (2 * heads + 2 * kvHeads + 1) * headDim + 16 * (heads / kvHeads) + 2 * 8)
    // The masks of as many guesses as are read at a time.
    const guesses = 4 * 6 * 17 * (heads / kvHeads) * completion
    expect(most).toBeLessThanOrEqual(memoryOf(net, { ...load, cached, rows: 6 }).cache + pass + guesses)
    model.free()
  }
})

test("LoRA on Qwen2.5-7B's shape in bf16, 8 answers of 1024 tokens to a prompt of 4096, fits one card of 80 GB", () => {
  const config: ModelConfig = {
    ...loadConfig(writeTinyModel(join(root, 'seven'), 'qwen2')),
    // config.json of Qwen/Qwen2.5-7B-Instruct.
    ...{ hidden: 3584, layers: 28, heads: 28, kvHeads: 4, headDim: 128, intermediate: 18944, vocabulary: 152064 },
  }
  const net: Net = {
    config,
    precision: { weights: 'bf16', compute: 'bf16', reduce: 'f32' },
    portions: portions.cuda,
  }
  const tokens = 4096 + 8 * 1024
  const decoding = { cached: tokens, rows: 8, longest: { prompt: 4096, written: 1024 } }
  const training: Training = { kind: 'lora', rank: 16, alpha: 32, targets: adaptable, seed: 0 }
  const { total, weights } = memoryOf(net, { training, reference: true, micro: tokens, ...decoding })
  expect(weights).toBeGreaterThan(14e9)
  expect(total).toBeLessThan(80e9)
})
