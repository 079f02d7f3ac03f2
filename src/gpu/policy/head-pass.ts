// Forward and backward of the head over the completion rows of a batch, a chunk of rows at a time.
//
// M = N·G·R completion rows; the logits held at once are [128, V].
import { rowsOf } from '../net/sizes.ts'
import type { Tensor } from '../device/device.ts'
import { weightsOf, type Engine, type Residuals } from './engine.ts'
import type { Net } from '../net/precision.ts'
import { valuesOf } from '../device/values.ts'
import type { Value } from '../graph/value.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'
import { headGradients, headInputs, labelLogprobs, scaledLogits } from '../net/head.ts'
import { gradientOf } from './parameters.ts'
import type { Tensors } from '../device/programs.ts'

const HEAD_ROWS = 128

/** Log-probs and, where asked for, entropies of every completion row, [M] each. */
export function forwardHead(
  engine: Engine,
  residuals: Residuals,
  options: { temperature: number; entropy: boolean; reference: boolean },
): { logprobs: Float32Array; entropies: Float32Array | undefined } {
  const { precision, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const labels = scratch.putIds('labels', [M, 1], residuals.batch.labels)
  const logprobs = scratch.take(precision.reduce, 'logprobs', [M, 1])
  const entropies = scratch.take(precision.reduce, 'entropies', [M, 1])
  for (const { start, rows } of headChunks(M)) {
    const graph = () => {
      const inputs = headInputs(engine, rows)
      const label = input('i64', [rows, 1])
      const found = labelLogprobs(scaledLogits(engine, inputs), label)
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
  return {
    logprobs: valuesOf(logprobs).slice(),
    entropies: options.entropy ? valuesOf(entropies).slice() : undefined,
  }
}

/** Logits of every completion row at temperature 1, [M·V]. */
export function logitRows(engine: Engine, residuals: Residuals): Float32Array {
  const { config, precision, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const logits = scratch.take(precision.reduce, 'logits', [M, config.vocabulary])
  for (const { start, rows } of headChunks(M)) {
    const graph = () => {
      const inputs = headInputs(engine, rows)
      return cut(`logits-${rows}`, { ...inputs }, { logits: scaledLogits(engine, inputs) })
    }
    const tensors = headTensors(engine, residuals, start, rows, 1, false)
    programs.run(`logits ${rows}`, graph, tensors, { logits: scratch.rows(logits, start, rows) })
  }
  return valuesOf(logits).slice()
}

/** d loss / d logprob and, where there is one, d loss / d entropy of every completion row, [M]. */
export interface HeadSlopes {
  temperature: number
  dLogprobs: Float32Array
  dEntropies?: Float32Array
}

/** Writes the gradient of the last residual, rows of completions only, into `top` [T, D]. */
export function backwardHead(engine: Engine, residuals: Residuals, top: Tensor, slopes: HeadSlopes): void {
  const { config, precision, programs, scratch, parameters } = engine
  const { batch } = residuals
  const { temperature, dLogprobs, dEntropies } = slopes
  const M = batch.labels.length
  const first = rowsOf(batch.sizes) - M
  const full = parameters.adapter === undefined
  const trained: Tensors = full
    ? {
        gradientNorm: gradientOf(parameters, config, 'finalNorm'),
        gradientWeight: gradientOf(parameters, config, 'head'),
      }
    : {}
  const labels = scratch.putIds('labels', [M, 1], batch.labels)
  const dLogprob = scratch.put(precision.reduce, 'd logprobs', [M, 1], dLogprobs)
  const dEntropy = dEntropies && scratch.put(precision.reduce, 'd entropies', [M, 1], dEntropies)
  for (const { start, rows } of headChunks(M)) {
    const tensors = headTensors(engine, residuals, start, rows, temperature, false)
    programs.run(
      `head gradient ${rows} ${full} ${dEntropy !== undefined}`,
      () => headGradientGraph(engine, rows, full, dEntropy !== undefined),
      {
        ...tensors,
        labels: scratch.rows(labels, start, rows),
        dLogprob: scratch.rows(dLogprob, start, rows),
        ...(dEntropy && { dEntropy: scratch.rows(dEntropy, start, rows) }),
        ...trained,
      },
      {
        dx: scratch.rows(top, first + start, rows),
        ...trained,
      },
    )
  }
}

function headGradientGraph(net: Net, rows: number, full: boolean, entropy: boolean): Cut {
  const inputs = headInputs(net, rows)
  const labels = input('i64', [rows, 1])
  const dLogprob = input(net.precision.reduce, [rows, 1])
  const dEntropy = entropy ? input(net.precision.reduce, [rows, 1]) : undefined
  const found = headGradients(net, inputs, labels, dLogprob, dEntropy)
  const given: Record<string, Value> = { ...inputs, labels, dLogprob, ...(dEntropy && { dEntropy }) }
  if (!full) return cut(`head-gradient-${rows}`, given, { dx: found.x })
  const gradientNorm = input('f32', inputs.norm.shape)
  const gradientWeight = input('f32', inputs.weight.shape)
  return cut(
    `head-gradient-${rows}`,
    { ...given, gradientNorm, gradientWeight },
    {
      dx: found.x,
      gradientNorm: op('Add', [gradientNorm, cast(found.norm, gradientNorm.dtype)]),
      gradientWeight: op('Add', [gradientWeight, cast(found.weight, gradientWeight.dtype)]),
    },
  )
}

function headTensors(
  engine: Engine,
  { stream, batch }: Residuals,
  start: number,
  rows: number,
  temperature: number,
  reference: boolean,
): Tensors {
  const { config, precision, scratch } = engine
  const weight = weightsOf(engine, reference)
  const first = rowsOf(batch.sizes) - batch.labels.length
  return {
    x: scratch.rows(stream[config.layers]!, first + start, rows),
    norm: weight('finalNorm'),
    weight: weight('head'),
    inverseTemperature: scratch.put(precision.compute, 'inverse temperature', [], Float32Array.of(1 / temperature)),
  }
}

function headChunks(M: number): { start: number; rows: number }[] {
  return Array.from({ length: Math.ceil(M / HEAD_ROWS) }, (_, i) => ({
    start: i * HEAD_ROWS,
    rows: Math.min(HEAD_ROWS, M - i * HEAD_ROWS),
  }))
}
