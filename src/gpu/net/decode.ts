// A pass of decoding as three graphs a block: project, attend, transform. Linear maps see the tokens of all sequences at once;
// attention is for sequences that lie side by side. All three are cut from the one description of the block.
//
// Letters as in block.ts; T tokens of a pass. Sizes are names: a graph serves every number of tokens and every length.
// Keys and values are time-major, [t, R, K, H] of R sequences, so that a sequence grows without moving the others.
import { headSizes } from './attention.ts'
import { block, type LinearMaps } from './block.ts'
import { blockWeights } from './block-graphs.ts'
import type { Net } from './net.ts'
import type { Value } from '../graph/value.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'

/** How linear maps are computed: where x has few rows, as columns. */
export type Form = 'rows' | 'columns'

/** x [T, D] → queries [T, K·S·H], keys and values [T, K·H]. */
export function projectGraph(net: Net, form: Form): Cut {
  const { inputs, result } = step(net, form)
  const { x, cos, sin, weights } = inputs
  const { queries, keys, values } = result.activations
  return cut(`decode-project-${form}`, { x, cos, sin, ...weights }, { queries, keys, values })
}

/** x [T, D] and what its queries attended to [T, K·S·H] → y [T, D], and where they are kept the hidden layers. */
export function transformGraph(net: Net, form: Form, saving: boolean): Cut {
  const { inputs, attended, result } = step(net, form)
  const { gates, ups } = result.activations
  const hidden = (value: Value) => (form === 'columns' ? turned(value) : value)
  const kept = { gates: hidden(gates), ups: hidden(ups) }
  const outputs = { y: result.y, ...(saving && kept) }
  return cut(`decode-transform-${form}`, { x: inputs.x, attended, ...inputs.weights }, outputs)
}

function step(net: Net, form: Form) {
  const { config, precision } = net
  const row = (width: number) => input(precision.compute, ['T', width])
  const inputs = {
    x: row(config.hidden),
    cos: row(config.headDim / 2),
    sin: row(config.headDim / 2),
    weights: blockWeights(net),
  }
  const attended = row(config.heads * config.headDim)
  const result = block(config, inputs, () => ({ output: attended }), form === 'columns' ? columnMaps : undefined)
  return { inputs, attended, result }
}

/**
 * The queries of some tokens, each of which attends to the entries of its own sequence that its mask leaves, and where `shared` to
 * those of a prompt, kept once for all sequences that go on from it: [tokens, K·S·H].
 *
 * `place` [R, n] says which rows of the queries are the sequences' tokens (any where there are fewer than n), `back` [tokens] where
 * each token lies among those; `sharedPlace` [N, G·n] is `place` by prompts. `sliding`: the first of the entries may be hidden.
 */
export function attendGraph(net: Net, shared: boolean, sliding: boolean): Cut {
  const { config, precision } = net
  const { K, S, H } = headSizes(config)
  const queries = input(precision.compute, ['T', K * S * H])
  const back = input('i64', ['tokens'])
  const own = partOf(net, 'R', 'n', 't')
  const inputs = { queries, back, place: own.place, keys: own.keys, values: own.values, mask: own.mask }
  if (!shared) {
    const weights = op('Softmax', [scoresOf(net, queries, own)], { axis: -1 })
    const output = op('Gather', [asRows(net, mix(weights, own)), back])
    return cut('decode-attend', inputs, { output })
  }
  const prompt = partOf(net, 'N', 'g', 'p')
  const parts = [own, prompt].map((part) => {
    const scores = scoresOf(net, queries, part)
    const logs = op('LogSoftmax', [scores], { axis: -1 })
    const weights = op('Exp', [logs])
    // log Σ exp of a row, from any of its entries that is seen; where none is known, from all by their weights.
    const total = sliding
      ? op('ReduceSum', [op('Mul', [weights, op('Sub', [scores, logs])])], { axes: [-1], keepdims: 1 })
      : op('Sub', [first(scores), first(logs)])
    const mixed = mix(weights, part)
    return { total: asRows(net, total), mixed: asRows(net, mixed) }
  })
  const [mine, theirs] = parts as [(typeof parts)[0], (typeof parts)[0]]
  // Both softmaxes as one: each in proportion to its sum, whose ratio is a sigmoid of the difference of their logarithms.
  const share = op('Sigmoid', [op('Sub', [mine.total, theirs.total])])
  const difference = op('Sub', [perHead(net, mine.mixed), perHead(net, theirs.mixed)])
  const weighted = op('Mul', [difference, cast(op('Reshape', [share], { shape: [0, K * S, 1] }), precision.compute)])
  const joint = op('Reshape', [op('Add', [perHead(net, theirs.mixed), weighted])], { shape: [0, K * S * H] })
  const given = {
    sharedPlace: prompt.place,
    sharedKeys: prompt.keys,
    sharedValues: prompt.values,
    sharedMask: prompt.mask,
  }
  return cut(`decode-attend-shared-${sliding}`, { ...inputs, ...given }, { output: op('Gather', [joint, back]) })
}

interface Part {
  /** [R, n] */
  place: Value
  /** [t, R, K, H] */
  keys: Value
  values: Value
  /** 0 where an entry is seen, very negative where not: [R, 1, n·S or 1, t]. */
  mask: Value
}

function partOf({ config, precision }: Net, lanes: string, tokens: string, entries: string): Part {
  const { K, H } = headSizes(config)
  const cache = () => input(precision.compute, [entries, lanes, K, H])
  return {
    place: input('i64', [lanes, tokens]),
    keys: cache(),
    values: cache(),
    mask: input(precision.reduce, [lanes, 1, 'queries', entries]),
  }
}

/** [R, K, n·S, t] */
function scoresOf({ config, precision }: Net, queries: Value, { place, keys, mask }: Part): Value {
  const { K, S, H, scale } = headSizes(config)
  const taken = op('Reshape', [op('Gather', [queries, place])], { shape: [0, 0, K, S * H] })
  const heads = op('Reshape', [op('Transpose', [taken], { perm: [0, 2, 1, 3] })], { shape: [0, 0, -1, H] })
  const product = op('FusedMatMul', [heads, keys], { transA: 0, transB: 1, transBatchB: 1, alpha: scale })
  return op('Add', [cast(product, precision.reduce), mask])
}

/** Values mixed by weights [R, K, n·S, t]: [R, K, n·S, H]. */
function mix(weights: Value, { values }: Part): Value {
  return op('FusedMatMul', [cast(weights, values.dtype), values], { transA: 0, transB: 0, transBatchB: 1, alpha: 1 })
}

/** [R, K, n·S, w] → [R·n, K·S·w] */
function asRows({ config }: Net, value: Value): Value {
  const { K, S } = headSizes(config)
  const width = Number(value.shape[3])
  const perToken = op('Reshape', [value], { shape: [0, 0, -1, S * width] })
  return op('Reshape', [op('Transpose', [perToken], { perm: [0, 2, 1, 3] })], { shape: [-1, K * S * width] })
}

const perHead = ({ config: { heads, headDim } }: Net, rows: Value): Value =>
  op('Reshape', [rows], { shape: [0, heads, headDim] })

const first = (value: Value): Value => op('Slice', [value], { starts: [0], ends: [1], axes: [3] })

/**
 * x·Wᵀ as (W·xᵀ)ᵀ, and the hidden layer as columns. Where x has few rows the weights come from memory, and read in this order
 * they come faster: a token of a 135M model in 60 ms instead of 73 with 8 rows, in 69 instead of 82 with 32.
 */
const columnMaps: LinearMaps = {
  across: (x, weight) => turned(columns(weight, x, 1)),
  enter: (x, weight) => columns(weight, x, 1),
  leave: (hidden, weight) => turned(columns(weight, hidden, 0)),
}

/** x·Wᵀ, [rows, out]. */
export const columnLinear = columnMaps.across

/** W·x, or W·xᵀ. */
function columns(weight: Value, x: Value, transB: 0 | 1): Value {
  return op('FusedMatMul', [cast(weight, x.dtype), x], { transA: 0, transB, alpha: 1 })
}

function turned(matrix: Value): Value {
  return op('Transpose', [matrix], { perm: [1, 0] })
}
