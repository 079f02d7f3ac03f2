// Forward and backward of a model's head over the completion rows of a batch, a chunk of rows at a time.
//
// M = N·G·R completion rows; the logits held at once are those of a chunk.
import { MASKED, rowsOf } from '../net/sizes.ts'
import type { Tensor } from '../device/device.ts'
import { allows, type Mask } from './law.ts'
import type { Float } from '../graph/float.ts'
import { weightsOf, type Engine, type Residuals } from './engine.ts'
import type { Net } from '../net/net.ts'
import { valuesOf } from '../device/values.ts'
import type { Value } from '../graph/value.ts'
import { gradients } from '../graph/grad.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'
import { headInputs, named } from '../net/head.ts'
import { heads } from '../net/heads.ts'
import { scaledLogits } from '../net/heads/language.ts'
import { gradientOf, isTrained } from './parameters.ts'
import type { Tensors } from '../device/programs.ts'
import type { Role } from '../weights/family.ts'

/** What is given to the head of a batch beside weights. */
export interface Given {
  tensors: Tensors
  /** The tokens that may come at each completion row, where it is held to some. */
  masks?: readonly (Mask | undefined)[] | undefined
}

/** Results of the head for every completion row, [M] each, by name. `given` is what the head reads beside weights. */
export function forwardHead(
  engine: Engine,
  residuals: Residuals,
  { given, results, reference }: { given: Given; results: readonly string[]; reference: boolean },
): Record<string, Float32Array> {
  const { precision, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const found = Object.fromEntries(results.map((name) => [name, scratch.take(precision.reduce, name, [M, 1])]))
  for (const { start, rows } of headChunks(engine, M)) {
    const masked = given.masks !== undefined
    const make = () => {
      const head = heads[engine.config.head]
      const inputs = headInputs(engine, head, rows, masked)
      const all = head.results(engine, inputs)
      return cut(`head-${rows}`, named(inputs), Object.fromEntries(results.map((name) => [name, all[name]!])))
    }
    const tensors = headTensors(engine, residuals, given, start, rows, reference)
    programs.run(`head ${rows} ${results} ${masked}`, make, tensors, rowsIn(engine, found, start, rows))
  }
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, valuesOf(tensor).slice()]))
}

/** Logits of every completion row, [M·V]. */
export function logitRows(engine: Engine, residuals: Residuals, given: Given): Float32Array {
  const { config, precision, programs, scratch } = engine
  const M = residuals.batch.labels.length
  const logits = scratch.take(precision.reduce, 'logits', [M, config.vocabulary])
  for (const { start, rows } of headChunks(engine, M)) {
    const make = () => {
      const inputs = headInputs(engine, heads.language, rows)
      return cut(`logits-${rows}`, named(inputs), { logits: scaledLogits(engine, inputs) })
    }
    const tensors = headTensors(engine, residuals, given, start, rows, false)
    programs.run(`logits ${rows}`, make, tensors, { logits: scratch.rows(logits, start, rows) })
  }
  return valuesOf(logits).slice()
}

/** d loss / d each result that has one, of every completion row, [M], by the result's name. */
export type Slopes = Readonly<Record<string, Float32Array>>

/** Writes the gradient of the last residual, rows of completions only, into `top` [T, D]. */
export function backwardHead(
  engine: Engine,
  residuals: Residuals,
  top: Tensor,
  { given, slopes }: { given: Given; slopes: Slopes },
): void {
  const { config, precision, programs, scratch, parameters } = engine
  const { batch } = residuals
  const M = batch.labels.length
  const first = rowsOf(batch.sizes) - M
  const trained = heads[config.head].roles(config).filter((role) => isTrained(parameters, config, role))
  const accumulated = Object.fromEntries(
    trained.map((role) => [gradientName(role), gradientOf(parameters, config, role)]),
  )
  const results = Object.keys(slopes)
  const masked = given.masks !== undefined
  const arrived = Object.fromEntries(
    results.map((name) => [slopeName(name), scratch.put(precision.reduce, slopeName(name), [M, 1], slopes[name]!)]),
  )
  for (const { start, rows } of headChunks(engine, M))
    programs.run(
      `head gradient ${rows} ${trained} ${results} ${masked}`,
      () => headGradientGraph(engine, { rows, masked }, trained, results),
      {
        ...headTensors(engine, residuals, given, start, rows, false),
        ...rowsIn(engine, arrived, start, rows),
        ...accumulated,
      },
      { dx: scratch.rows(top, first + start, rows), ...accumulated },
    )
}

const gradientName = (role: Role) => `gradient ${role}`
const slopeName = (result: string) => `d ${result}`

function headGradientGraph(
  net: Net,
  { rows, masked }: { rows: number; masked: boolean },
  trained: readonly Role[],
  results: readonly string[],
): Cut {
  const head = heads[net.config.head]
  const inputs = headInputs(net, head, rows, masked)
  const arrived = Object.fromEntries(results.map((name) => [name, input(net.precision.reduce, [rows, 1])]))
  const wanted = [inputs.x, ...trained.map((role) => inputs.weights[role]!)]
  const [dx, ...found] = gradients(head.seeds(net, inputs, arrived), wanted)
  const given: Record<string, Value> = named(inputs)
  for (const name of results) given[slopeName(name)] = arrived[name]!
  const outputs: Record<string, Value> = { dx: dx! }
  trained.forEach((role, i) => {
    const accumulated = (given[gradientName(role)] = input('f32', found[i]!.shape))
    outputs[gradientName(role)] = op('Add', [accumulated, cast(found[i]!, accumulated.dtype)])
  })
  return cut(`head-gradient-${rows}`, given, outputs)
}

/** What a head graph reads for rows from `start` on. */
function headTensors(
  engine: Engine,
  { top, batch }: Residuals,
  { tensors, masks }: Given,
  start: number,
  rows: number,
  reference: boolean,
): Tensors {
  const { config, scratch } = engine
  const weight = weightsOf(engine, reference)
  const first = rowsOf(batch.sizes) - batch.labels.length
  return {
    x: scratch.rows(top, first + start, rows),
    ...Object.fromEntries(heads[config.head].roles(config).map((role) => [role, weight(role)])),
    ...rowsIn(engine, tensors, start, rows),
    ...(masks && { mask: maskTensor(engine, masks.slice(start, start + rows)) }),
  }
}

/** What is added to the logits of rows, [rows, V]: 0 to those of tokens that may come. */
function maskTensor({ config, precision, scratch }: Engine, masks: readonly (Mask | undefined)[]): Tensor<Float> {
  const V = config.vocabulary
  const added = new Float32Array(masks.length * V)
  masks.forEach((mask, row) => {
    if (mask) for (let id = 0; id < V; id++) if (!allows(mask, id)) added[row * V + id] = MASKED
  })
  return scratch.put(precision.reduce, 'head mask', [masks.length, V], added)
}

/** Rows of each matrix; what has no rows is for all of them. */
function rowsIn({ scratch }: Engine, tensors: Tensors, start: number, rows: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.shape.length === 0 ? tensor : scratch.rows(tensor, start, rows),
    ]),
  )
}

function headChunks({ portions: { headRows } }: Net, M: number): { start: number; rows: number }[] {
  return Array.from({ length: Math.ceil(M / headRows) }, (_, i) => ({
    start: i * headRows,
    rows: Math.min(headRows, M - i * headRows),
  }))
}
