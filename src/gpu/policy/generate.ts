// Rollout: prompts prefilled once per group, then one token a step for all their completions, caches resident.
//
// Letters as in block.ts; B = N·G rows decoded together.
import { angles, padded } from './batch.ts'
import { blockWeights } from '../net/block-graphs.ts'
import type { BatchSizes } from '../net/sizes.ts'
import { attendStep, projectStep } from '../net/decode.ts'
import { cut, op } from '../graph/graph.ts'
import { headInputs, scaledLogits } from '../net/head.ts'
import { layerWeights, type Engine } from './engine.ts'
import { ownCache, type OwnCache } from './own-cache.ts'
import { embedRows } from './passes.ts'
import { penalises, scaleOf, type Sampling } from './law.ts'
import type { Completion, GenerationRequest } from './policy.ts'
import { prefill, type PromptCache } from './prompt-cache.ts'
import type { Tensors } from '../device/programs.ts'
import { probabilities, sampleToken } from './sample.ts'
import { uniform } from '../../rng.ts'

/** Rows decoded together at most. */
const DECODE_ROWS = 128

/** Completions of every request, in order. Between tokens the event loop gets its turn. */
export async function generate(
  engine: Engine,
  requests: readonly GenerationRequest[],
  sampling: Sampling,
): Promise<Completion[][]> {
  const results: Completion[][] = requests.map(() => [])
  for (const indices of decodeBatches(requests)) {
    const chosen = indices.map((i) => requests[i]!)
    const completions = await decodeBatch(engine, chosen, sampling)
    indices.forEach((i, n) => (results[i] = completions[n]!))
  }
  return results
}

/** Requests that decode together: equally many samples, neighbours in prompt length. */
function decodeBatches(requests: readonly GenerationRequest[]): number[][] {
  const order = requests
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [requests[a]!, requests[b]!]
      return x.samples - y.samples || x.prompt.length - y.prompt.length || a - b
    })
  const batches: number[][] = []
  for (const i of order) {
    const batch = batches.at(-1)
    const { samples } = requests[i]!
    const fits = batch && requests[batch[0]!]!.samples === samples && (batch.length + 1) * samples <= DECODE_ROWS
    if (fits) batch.push(i)
    else batches.push([i])
  }
  return batches
}

/** One row that is being completed. */
interface Row {
  request: GenerationRequest
  sample: number
  ids: number[]
  logprobs: number[]
  finish: Completion['finish'] | undefined
}

async function decodeBatch(
  engine: Engine,
  requests: readonly GenerationRequest[],
  sampling: Sampling,
): Promise<Completion[][]> {
  const { config } = engine
  const rows: Row[] = requests.flatMap((request) =>
    Array.from({ length: request.samples }, (_, sample) => ({
      request,
      sample,
      ids: [],
      logprobs: [],
      finish: undefined,
    })),
  )
  const sizes: BatchSizes = {
    groups: requests.length,
    samples: requests[0]!.samples,
    prompt: padded(Math.max(...requests.map(({ prompt }) => prompt.length - 1))),
    completion: 0,
  }
  const prompts = prefill(
    engine,
    requests.map(({ prompt }) => prompt),
    sizes,
  )
  const cache = ownCache(engine, rows.length)
  for (let t = 0; t < sampling.maxNewTokens && rows.some(({ finish }) => finish === undefined); t++) {
    const tokens = BigInt64Array.from(rows, ({ ids, request }) => BigInt(ids.at(-1) ?? request.prompt.at(-1)!))
    const positions = rows.map(({ request }) => request.prompt.length - 1 + t)
    const found = step(engine, { sizes, prompts, cache, t, tokens, positions, sampling })
    rows.forEach((row, b) => {
      if (row.finish) return
      const scores = found.subarray(b * config.vocabulary, (b + 1) * config.vocabulary)
      const p = penalises(sampling) ? probabilities(scores, [...row.request.prompt, ...row.ids], sampling) : scores
      const draw = sampling.temperature === 0 ? 0 : uniform(...row.request.key, row.sample, t)
      const { id, logprob } = sampleToken(p, sampling, draw)
      row.ids.push(id)
      row.logprobs.push(logprob)
      if (sampling.eosIds.includes(id)) row.finish = 'eos'
      else if (sampling.stop?.(row.ids)) row.finish = 'stop'
    })
    await new Promise((resolve) => setImmediate(resolve))
  }
  cache.free()
  const completions = rows.map(({ ids, logprobs, finish }) => ({
    ids,
    logprobs: Float32Array.from(logprobs),
    finish: finish ?? 'length',
  }))
  return requests.map((_, n) => completions.slice(n * sizes.samples, (n + 1) * sizes.samples))
}

interface Step {
  sizes: BatchSizes
  prompts: PromptCache | undefined
  cache: OwnCache
  t: number
  tokens: BigInt64Array
  positions: readonly number[]
  sampling: Sampling
}

/** One token for every row: probabilities [B·V] at the sampling temperature, or logits where a penalty needs them. */
function step(engine: Engine, { sizes, prompts, cache, t, tokens, positions, sampling }: Step): Float32Array {
  const { config, programs, scratch, parameters } = engine
  const { device } = programs
  const { groups: N, samples: G, prompt: P } = sizes
  const { heads, headDim: H, hidden: D, layers } = config
  const B = N * G
  cache.reserve(t)
  const { cos, sin } = angles(config, positions)
  const rope = { cos: scratch.put('decode cos', [B, H / 2], cos), sin: scratch.put('decode sin', [B, H / 2], sin) }
  const stream = [scratch.take('decode even', [B, D]), scratch.take('decode odd', [B, D])] as const
  const query = scratch.take('decode query', [B, heads * H])
  embedRows(engine, scratch.putIds('decode ids', [B], tokens), stream[0], parameters.weight)
  for (let layer = 0; layer < layers; layer++) {
    const weights: Tensors = layerWeights(config, layer, parameters.weight)
    const x = stream[layer % 2]!
    programs.run(
      `decode project ${B}`,
      () => projectStep(config, B, blockWeights(config)),
      { x, ...rope, ...weights },
      { query, key: cache.slot(layer, 'keys', t), value: cache.slot(layer, 'values', t) },
    )
    programs.run(
      `decode attend ${N}×${G} ${P}`,
      () => attendStep(config, N, G, P, blockWeights(config)),
      {
        x,
        query,
        ownKeys: cache.upTo(layer, 'keys', t + 1),
        ownValues: cache.upTo(layer, 'values', t + 1),
        ...(prompts && {
          promptKeys: prompts.keys[layer]!,
          promptValues: prompts.values[layer]!,
          promptMask: prompts.mask,
        }),
        ...weights,
      },
      { y: stream[(layer + 1) % 2]! },
    )
  }
  const raw = penalises(sampling)
  const make = () => {
    const inputs = headInputs(config, B)
    const logits = scaledLogits(config, inputs)
    return cut(`decode-head-${B}`, { ...inputs }, { scores: raw ? logits : op('Softmax', [logits], { axis: -1 }) })
  }
  const temperature = raw ? 1 : scaleOf(sampling)
  const scores = scratch.take('decode scores', [B, config.vocabulary])
  programs.run(
    `decode head ${B} ${raw}`,
    make,
    {
      x: stream[layers % 2]!,
      norm: parameters.weight('finalNorm'),
      weight: parameters.weight('head'),
      inverseTemperature: scratch.put('inverse temperature', [], Float32Array.of(1 / temperature)),
    },
    { scores },
  )
  return device.download(scores)
}
