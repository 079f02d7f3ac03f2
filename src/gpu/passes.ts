// Forward and backward over all layers of a batch, one compiled block graph serving every layer.
//
// Letters as in block.ts; L layers, M = N·G·R completion rows.
import type { Batch } from './batch.ts'
import { block, type BatchSizes, type Block, type BlockInputs } from './block.ts'
import type { Tensor } from './device.ts'
import { layerRoles, shapeOf, tensorName, type LayerRole, type ModelConfig, type Role } from './family.ts'
import { gradients } from './grad.ts'
import { cut, input, op, type Cut, type Value } from './graph.ts'
import { embed, embedGradient, headGradients, headInputs, labelLogprobs, scaledLogits } from './head.ts'
import type { LowRankTensors, Parameters } from './parameters.ts'
import type { Programs, Tensors } from './programs.ts'
import type { Scratch } from './scratch.ts'

export interface Engine {
  config: ModelConfig
  programs: Programs
  scratch: Scratch
  parameters: Parameters
  /** Bytes of activations kept from forward for backward before they are computed again instead. */
  activationBudget: number
}

type WeightOf = (role: Role, layer?: number) => Tensor<'f32'>

/** What forward leaves for the head and for backward. */
export interface Residuals {
  batch: Batch
  /** Input of each layer and output of the last, L + 1 tensors [T, D]. */
  stream: Tensor<'f32'>[]
  /** Per layer, the activations kept by name; empty where they are computed again. */
  kept: Tensors[]
  rope: { cos: Tensor<'f32'>; sin: Tensor<'f32'> }
  promptMask: Tensor<'f32'> | undefined
  ids: Tensor<'i64'>
}

/** Rows of the head computed at a time: the logits held at once are [128, V]. */
const HEAD_ROWS = 128

/** Run all blocks over a batch. `keep` is for a backward pass that will follow. */
export function forwardBlocks(
  engine: Engine,
  batch: Batch,
  { reference = false, keep = false }: { reference?: boolean; keep?: boolean },
): Residuals {
  const { config, programs, scratch, parameters } = engine
  const weight: WeightOf = reference ? parameters.reference : parameters.weight
  const { sizes } = batch
  const T = rowsOf(sizes)
  const D = config.hidden
  const width = config.headDim / 2
  const residuals: Residuals = {
    batch,
    stream: Array.from({ length: config.layers + 1 }, (_, layer) => scratch.take(`residual ${layer}`, [T, D])),
    kept: [],
    rope: { cos: scratch.put('cos', [T, width], batch.cos), sin: scratch.put('sin', [T, width], batch.sin) },
    promptMask: batch.promptMask && scratch.put('prompt mask', maskShape(sizes), batch.promptMask),
    ids: scratch.putIds('ids', [T], batch.ids),
  }
  embedRows(engine, residuals.ids, residuals.stream[0]!, weight)
  const saving = keep && savedBytes(config, T) <= engine.activationBudget
  const key = sizesKey(sizes, batch.promptMask !== undefined)
  for (let layer = 0; layer < config.layers; layer++) {
    const kept = saving ? activationTensors(engine, layer, T) : {}
    residuals.kept.push(kept)
    programs.run(
      `forward ${key} ${saving}`,
      () => forwardGraph(config, sizes, batch.promptMask !== undefined, saving),
      blockTensors(residuals, layer, config, weight),
      { y: residuals.stream[layer + 1]!, ...kept },
    )
  }
  return residuals
}

/** x [T, D] of ids [T]. */
export function embedRows(engine: Engine, ids: Tensor<'i64'>, x: Tensor<'f32'>, weight: WeightOf): void {
  const { config, programs } = engine
  const [T = 0] = ids.shape
  const make = () => {
    const inputs = { ids: input('i64', [T]), weight: input('f32', shapeOf(config, 'embed')) }
    return cut(`embed-${T}`, inputs, { x: embed(inputs.ids, inputs.weight) })
  }
  programs.run(`embed ${T}`, make, { ids, weight: weight('embed') }, { x })
}

/** Log-probs and, where asked for, entropies of every completion row, [M] each. */
export function forwardHead(
  engine: Engine,
  residuals: Residuals,
  options: { temperature: number; entropy: boolean; reference: boolean },
): { logprobs: Float32Array; entropies: Float32Array | undefined } {
  const { config, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const labels = scratch.putIds('labels', [M, 1], residuals.batch.labels)
  const logprobs = scratch.take('logprobs', [M, 1])
  const entropies = scratch.take('entropies', [M, 1])
  for (const { start, rows } of headChunks(M)) {
    const graph = () => {
      const inputs = headInputs(config, rows)
      const label = input('i64', [rows, 1])
      const found = labelLogprobs(scaledLogits(config, inputs), label)
      const outputs = { logprobs: found.logprobs, ...(options.entropy && { entropies: found.entropies }) }
      return cut(`head-${rows}`, { ...inputs, labels: label }, outputs)
    }
    programs.run(
      `head ${rows} ${options.entropy}`,
      graph,
      {
        ...headTensors(engine, residuals, start, rows, options.temperature, options.reference),
        labels: scratch.rows(labels, start, rows),
      },
      {
        logprobs: scratch.rows(logprobs, start, rows),
        ...(options.entropy && { entropies: scratch.rows(entropies, start, rows) }),
      },
    )
  }
  const { device } = programs
  return {
    logprobs: device.download(logprobs).slice(),
    entropies: options.entropy ? device.download(entropies).slice() : undefined,
  }
}

/** Logits of every completion row at temperature 1, [M·V]. */
export function logitRows(engine: Engine, residuals: Residuals): Float32Array {
  const { config, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const logits = scratch.take('logits', [M, config.vocabulary])
  for (const { start, rows } of headChunks(M)) {
    const graph = () => {
      const inputs = headInputs(config, rows)
      return cut(`logits-${rows}`, { ...inputs }, { logits: scaledLogits(config, inputs) })
    }
    const tensors = headTensors(engine, residuals, start, rows, 1, false)
    programs.run(`logits ${rows}`, graph, tensors, { logits: scratch.rows(logits, start, rows) })
  }
  return programs.device.download(logits).slice()
}

/** Backward from d loss / d logprob (and d entropy) [M] to the gradients of everything trained, which are added to. */
export function backward(
  engine: Engine,
  residuals: Residuals,
  { temperature, dLogprobs, dEntropies }: { temperature: number; dLogprobs: Float32Array; dEntropies?: Float32Array },
): void {
  const { config, programs, scratch, parameters } = engine
  const { batch } = residuals
  const T = rowsOf(batch.sizes)
  const M = batch.labels.length
  const D = config.hidden
  const buffers = [scratch.take('gradient even', [T, D]), scratch.take('gradient odd', [T, D])] as const
  const top = buffers[config.layers % 2]!
  clear(engine, top, T - M)
  const gradientOf = (role: Role, layer?: number) => {
    const name = tensorName(config, role === 'head' && config.tied ? 'embed' : role, layer)
    return parameters.trained?.byName.get(name)?.gradient
  }
  const full = parameters.adapter === undefined

  const labels = scratch.putIds('labels', [M, 1], batch.labels)
  const dLogprob = scratch.put('d logprobs', [M, 1], dLogprobs)
  const dEntropy = dEntropies && scratch.put('d entropies', [M, 1], dEntropies)
  for (const { start, rows } of headChunks(M)) {
    const tensors = headTensors(engine, residuals, start, rows, temperature, false)
    programs.run(
      `head gradient ${rows} ${full} ${dEntropy !== undefined}`,
      () => headGradientGraph(config, rows, full, dEntropy !== undefined),
      {
        ...tensors,
        labels: scratch.rows(labels, start, rows),
        dLogprob: scratch.rows(dLogprob, start, rows),
        ...(dEntropy && { dEntropy: scratch.rows(dEntropy, start, rows) }),
        ...(full && { gradientNorm: gradientOf('finalNorm')!, gradientWeight: gradientOf('head')! }),
      },
      {
        dx: scratch.rows(top, T - M + start, rows),
        ...(full && { gradientNorm: gradientOf('finalNorm')!, gradientWeight: gradientOf('head')! }),
      },
    )
  }

  const key = sizesKey(batch.sizes, batch.promptMask !== undefined)
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    const kept = residuals.kept[layer]!
    const saved = Object.keys(kept).length > 0
    const accumulated = full
      ? Object.fromEntries(layerRoles(config).map((role) => [`gradient ${role}`, gradientOf(role, layer)!]))
      : pairTensors(parameters, config, layer, 'gradient')
    const pairs = full ? {} : pairTensors(parameters, config, layer, 'value')
    programs.run(
      `backward ${key} ${full} ${saved}`,
      () => backwardGraph(engine, batch.sizes, batch.promptMask !== undefined, saved),
      {
        ...blockTensors(residuals, layer, config, parameters.weight),
        ...kept,
        ...pairs,
        ...accumulated,
        dy: buffers[(layer + 1) % 2]!,
      },
      { dx: buffers[layer % 2]!, ...accumulated },
    )
  }
  if (full) {
    const gradient = gradientOf('embed')!
    const make = () => {
      const accumulated = input('f32', shapeOf(config, 'embed'))
      const ids = input('i64', [T, 1])
      const dx = input('f32', [T, D])
      return cut(`embed-gradient-${T}`, { accumulated, ids, dx }, { gradient: embedGradient(accumulated, ids, dx) })
    }
    const ids = scratch.putIds('ids column', [T, 1], batch.ids)
    programs.run(`embed gradient ${T}`, make, { accumulated: gradient, ids, dx: buffers[0] }, { gradient })
  }
}

// ** graphs **

function forwardGraph(config: ModelConfig, sizes: BatchSizes, masked: boolean, saving: boolean): Cut {
  const { inputs, result } = blockGraph(config, sizes, masked)
  return cut(`block-forward-${rowsOf(sizes)}`, inputs, { y: result.y, ...(saving && result.activations) })
}

/** Prompts alone: y and the keys and values that decoding reads. */
export function prefillGraph(config: ModelConfig, sizes: BatchSizes): Cut {
  const { inputs, result } = blockGraph(config, sizes, false)
  const outputs = { y: result.y, keys: result.promptKeys!, values: result.promptValues! }
  return cut(`block-prefill-${rowsOf(sizes)}`, inputs, outputs)
}

function backwardGraph(engine: Engine, sizes: BatchSizes, masked: boolean, saved: boolean): Cut {
  const { config, parameters } = engine
  const { inputs, result, weights, x } = blockGraph(config, sizes, masked)
  const dy = input('f32', [rowsOf(sizes), config.hidden])
  const seeds = new Map([[result.y, dy]])
  const given: Record<string, Value> = { ...inputs, ...(saved && result.activations), dy }
  const outputs: Record<string, Value> = {}
  const accumulate = (name: string, gradient: Value) => {
    const accumulated = input(gradient.dtype, gradient.shape)
    given[name] = accumulated
    outputs[name] = op('Add', [accumulated, gradient])
  }
  if (parameters.adapter === undefined) {
    const roles = layerRoles(config)
    const [dx, ...found] = gradients(seeds, [x, ...roles.map((role) => weights[role]!)])
    outputs['dx'] = dx!
    roles.forEach((role, i) => accumulate(`gradient ${role}`, found[i]!))
  } else {
    const { rank, scale, pair } = parameters.adapter
    const roles = (Object.keys(result.linears) as (keyof Block['linears'])[]).filter((role) =>
      pair(tensorName(config, role, 0)),
    )
    const [dx, ...found] = gradients(seeds, [x, ...roles.map((role) => result.linears[role].output)])
    outputs['dx'] = dx!
    roles.forEach((role, i) => {
      const [out = 0, inner = 0] = shapeOf(config, role)
      const a = (given[`value ${role} a`] = input('f32', [rank, inner]))
      const b = (given[`value ${role} b`] = input('f32', [out, rank]))
      const d = adapterGradients(result.linears[role].input, found[i]!, a, b, scale)
      accumulate(`gradient ${role} a`, d.a)
      accumulate(`gradient ${role} b`, d.b)
    })
  }
  return cut(`block-backward-${rowsOf(sizes)}`, given, outputs)
}

/** With y = x·(W + s·B·A)ᵀ: dA = s·(dy·B)ᵀ·x and dB = s·dyᵀ·(x·Aᵀ), without the gradient of W. */
function adapterGradients(x: Value, dy: Value, a: Value, b: Value, scale: number): { a: Value; b: Value } {
  const product = (l: Value, r: Value, transA: number, transB: number, alpha: number) =>
    op('FusedMatMul', [l, r], { transA, transB, alpha })
  return {
    a: product(product(dy, b, 0, 0, 1), x, 1, 0, scale),
    b: product(dy, product(x, a, 0, 1, 1), 1, 0, scale),
  }
}

function headGradientGraph(config: ModelConfig, rows: number, full: boolean, entropy: boolean): Cut {
  const inputs = headInputs(config, rows)
  const labels = input('i64', [rows, 1])
  const dLogprob = input('f32', [rows, 1])
  const dEntropy = entropy ? input('f32', [rows, 1]) : undefined
  const found = headGradients(config, inputs, labels, dLogprob, dEntropy)
  const given: Record<string, Value> = { ...inputs, labels, dLogprob, ...(dEntropy && { dEntropy }) }
  if (!full) return cut(`head-gradient-${rows}`, given, { dx: found.x })
  const gradientNorm = input('f32', inputs.norm.shape)
  const gradientWeight = input('f32', inputs.weight.shape)
  return cut(
    `head-gradient-${rows}`,
    { ...given, gradientNorm, gradientWeight },
    {
      dx: found.x,
      gradientNorm: op('Add', [gradientNorm, found.norm]),
      gradientWeight: op('Add', [gradientWeight, found.weight]),
    },
  )
}

interface BlockGraph {
  inputs: Record<string, Value>
  weights: Partial<Record<LayerRole, Value>>
  x: Value
  result: Block
}

function blockGraph(config: ModelConfig, sizes: BatchSizes, masked: boolean): BlockGraph {
  const T = rowsOf(sizes)
  const weights = blockWeights(config)
  const values: BlockInputs = {
    x: input('f32', [T, config.hidden]),
    cos: input('f32', [T, config.headDim / 2]),
    sin: input('f32', [T, config.headDim / 2]),
    weights,
    ...(masked && { promptMask: input('f32', maskShape(sizes)) }),
  }
  const { x, cos, sin, promptMask } = values
  const inputs = { x, cos, sin, ...(promptMask && { promptMask }), ...weights }
  return { inputs, weights, x, result: block(config, sizes, values) }
}

/** An input for every weight of a block. */
export function blockWeights(config: ModelConfig): Partial<Record<LayerRole, Value>> {
  return Object.fromEntries(layerRoles(config).map((role) => [role, input('f32', shapeOf(config, role))]))
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

export function layerWeights(config: ModelConfig, layer: number, weight: WeightOf): Tensors {
  return Object.fromEntries(layerRoles(config).map((role) => [role, weight(role, layer)]))
}

function pairTensors(parameters: Parameters, config: ModelConfig, layer: number, what: 'value' | 'gradient'): Tensors {
  const tensors: Record<string, Tensor> = {}
  for (const role of layerRoles(config)) {
    const pair: LowRankTensors | undefined = parameters.adapter?.pair(tensorName(config, role, layer))
    if (!pair) continue
    tensors[`${what} ${role} a`] = pair.a[what]
    tensors[`${what} ${role} b`] = pair.b[what]
  }
  return tensors
}

function headTensors(
  engine: Engine,
  { stream, batch }: Residuals,
  start: number,
  rows: number,
  temperature: number,
  reference: boolean,
): Tensors {
  const { config, scratch, parameters } = engine
  const weight: WeightOf = reference ? parameters.reference : parameters.weight
  const first = rowsOf(batch.sizes) - batch.labels.length
  return {
    x: scratch.rows(stream[config.layers]!, first + start, rows),
    norm: weight('finalNorm'),
    weight: weight('head'),
    inverseTemperature: scratch.put('inverse temperature', [], Float32Array.of(1 / temperature)),
  }
}

function activationTensors({ config, scratch }: Engine, layer: number, T: number): Tensors {
  return Object.fromEntries(
    activationWidths(config).map(([name, width]) => [name, scratch.take(`kept ${layer} ${name}`, [T, width])]),
  )
}

/** Names and widths of Block.activations. */
function activationWidths({ heads, kvHeads, headDim, hidden, intermediate }: ModelConfig): [string, number][] {
  const query = heads * headDim
  const keyValue = kvHeads * headDim
  return [
    ['queries', query],
    ['keys', keyValue],
    ['values', keyValue],
    ['attended', query],
    ['middle', hidden],
    ['gates', intermediate],
    ['ups', intermediate],
  ]
}

function savedBytes(config: ModelConfig, T: number): number {
  return 4 * T * config.layers * activationWidths(config).reduce((sum, [, width]) => sum + width, 0)
}

/** Set the first `rows` rows to zero: no gradient reaches prompt rows from the head. */
function clear({ programs, scratch }: Engine, tensor: Tensor<'f32'>, rows: number): void {
  if (rows === 0) return
  const [, width = 1] = tensor.shape
  programs.device.upload(scratch.rows(tensor, 0, rows), new Float32Array(rows * width))
}

function headChunks(M: number): { start: number; rows: number }[] {
  return Array.from({ length: Math.ceil(M / HEAD_ROWS) }, (_, i) => ({
    start: i * HEAD_ROWS,
    rows: Math.min(HEAD_ROWS, M - i * HEAD_ROWS),
  }))
}

export function rowsOf({ groups, samples, prompt, completion }: BatchSizes): number {
  return groups * prompt + groups * samples * completion
}

function maskShape({ groups, prompt }: BatchSizes): number[] {
  return [groups, 1, 1, 1, 1, prompt]
}

export function sizesKey({ groups, samples, prompt, completion }: BatchSizes, masked: boolean): string {
  return `${groups}×(${prompt}+${samples}×${completion})${masked ? ' masked' : ''}`
}
