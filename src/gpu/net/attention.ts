// Grouped-query attention of some rows of a batch as graphs: forward, and backward from what forward gave. The rows of a batch are
// cut into pieces (pieces.ts) that run one after the other, so that the scores of one piece exist at a time.
//
// Letters as in block.ts. Of a piece: n groups, g completions of each, r rows of each; t keys up to the last of its rows.
import { MASKED } from './sizes.ts'
import type { ModelConfig } from '../weights/family.ts'
import type { Net } from './net.ts'
import type { Dim, Value } from '../graph/value.ts'
import { cast, constant, cut, input, op, opAll, type Cut } from '../graph/graph.ts'
import { fixed, MAX } from '../graph/shape.ts'

/** Keys and values that queries [.., r, H] see, [.., t, H]. */
interface Seen {
  keys: Value
  values: Value
  /** The queries as matrices, one for each matrix of keys: [.., rows, H]. */
  shape: readonly number[]
  /** Scores [.., r, t] without what a query must not see. */
  mask(scores: Value): Value
}

/** softmax(q·Kᵀ/√H) over all that is seen: the weights of each, as matrices. */
function weigh(q: Value, seen: readonly Seen[], scale: number): Value[] {
  const lead = q.shape.slice(0, -1)
  const scores = seen.map(({ keys, shape, mask }) => {
    const product = op('FusedMatMul', [reshape(q, shape), keys], { transA: 0, transB: 1, alpha: scale })
    return mask(reshape(product, [...lead, keys.shape.at(-2)!]))
  })
  const joint = op('Softmax', [scores.length === 1 ? scores[0]! : op('Concat', scores, { axis: -1 })], { axis: -1 })
  const split = seen.map(({ keys }) => keys.shape.at(-2)!)
  const parts = split.length === 1 ? [joint] : opAll('Split', [joint], { axis: -1, split: split.map(fixed) })
  return parts.map((part, i) => reshape(part, [...seen[i]!.shape.slice(0, -1), split[i]!]))
}

/** What queries [.., r, H] take from the values that they see, of the same shape. */
function attend(q: Value, seen: readonly Seen[], scale: number): Value {
  const mixed = weigh(q, seen, scale).map((weights, i) =>
    reshape(op('FusedMatMul', [weights, seen[i]!.values], { transA: 0, transB: 0, alpha: 1 }), q.shape),
  )
  return mixed.length === 1 ? mixed[0]! : op('Sum', mixed)
}

/**
 * With O = W·V and dW = dO·Vᵀ: dS = W∘(dW − Σ dO∘O), dQ = dS·K/√H, dK = dSᵀ·Q/√H, dV = Wᵀ·dO (FlashAttention-2,
 * arXiv 2307.08691, algorithm 2). `output` and `slope` are O and dO, [.., r, H] as the queries.
 */
function attendBackward(q: Value, output: Value, slope: Value, seen: readonly Seen[], scale: number) {
  const inner = op('ReduceSum', [op('Mul', [output, slope])], { axes: [-1], keepdims: 1 })
  const all = weigh(q, seen, scale).map((weights, i) => {
    const { keys, values, shape } = seen[i]!
    const [query, dO] = [reshape(q, shape), reshape(slope, shape)]
    const dW = op('FusedMatMul', [dO, values], { transA: 0, transB: 1, alpha: 1 })
    const dS = op('Mul', [weights, op('Sub', [dW, reshape(inner, [...shape.slice(0, -1), 1])])])
    return {
      queries: reshape(op('FusedMatMul', [dS, keys], { transA: 0, transB: 0, alpha: scale }), q.shape),
      keys: op('FusedMatMul', [dS, query], { transA: 1, transB: 0, alpha: scale }),
      values: op('FusedMatMul', [weights, dO], { transA: 1, transB: 0, alpha: 1 }),
    }
  })
  const queries = all.map((each) => each.queries)
  return { queries: queries.length === 1 ? queries[0]! : op('Sum', queries), seen: all }
}

// ** whole sequences **

/** Sizes of a piece of whole sequences: prompts (g = 1, P = 0), or completions with the P rows of their prompts. */
export interface WholeSizes {
  n: number
  g: number
  r: number
  P: number
  /** Some prompt rows are padding. */
  masked: boolean
}

/**
 * queries [n, g, r, K, S, H], keys and values [n, g, r, K, H], of prompts [n, P, K, H] → attended, as the queries.
 * `promptMask` [n, 1, 1, 1, 1, P]: 0 where a prompt row is real, very negative where it is padding.
 */
export function attendWhole(net: Net, sizes: WholeSizes): Cut {
  const { inputs, q, seen, scale } = wholeSequences(net, sizes)
  const attended = op('Transpose', [attend(q, seen, scale)], { perm: inverse(WHOLE) })
  return cut(`attend-whole-${Object.values(sizes).join('-')}`, inputs, { attended })
}

/** From d attended to d queries; those of keys and values are added to what has arrived there, in float32. */
export function attendWholeBackward(net: Net, sizes: WholeSizes): Cut {
  const { inputs, q, seen, scale } = wholeSequences(net, sizes)
  const { P } = sizes
  const [attended, dAttended] = [likeQueries(inputs), likeQueries(inputs)]
  const turned = [attended, dAttended].map((value) => op('Transpose', [value], { perm: WHOLE }))
  const found = attendBackward(q, turned[0]!, turned[1]!, seen, scale)
  const sums = accumulating()
  const [own, prompt] = found.seen
  for (const what of ['keys', 'values'] as const) {
    sums.add(`d ${what}`, op('Transpose', [own![what]], { perm: [0, 2, 3, 1, 4] }))
    if (P > 0) sums.add(`d prompt ${what}`, op('Transpose', [prompt![what]], { perm: [0, 2, 1, 3] }))
  }
  return cut(
    `attend-whole-backward-${Object.values(sizes).join('-')}`,
    { ...inputs, attended, 'd attended': dAttended, ...sums.inputs },
    { 'd queries': op('Transpose', [found.queries], { perm: inverse(WHOLE) }), ...sums.outputs },
  )
}

/** [n, g, r, K, S, H] → [n, K, g, S, r, H] */
const WHOLE = [0, 3, 1, 4, 2, 5]

function wholeSequences({ config, precision }: Net, { n, g, r, P, masked }: WholeSizes) {
  const { K, S, H, scale } = headSizes(config)
  const activation = (shape: readonly number[]) => input(precision.compute, shape)
  const own = { keys: activation([n, g, r, K, H]), values: activation([n, g, r, K, H]) }
  const inputs: Inputs = { queries: activation([n, g, r, K, S, H]), ...own }
  const each = (value: Value) => op('Transpose', [value], { perm: [0, 3, 1, 2, 4] })
  const causal = constant(triangle(r), [r, r], precision.compute)
  const seen: Seen[] = [
    {
      keys: each(own.keys),
      values: each(own.values),
      shape: [n, K, g, S * r, H],
      mask: (scores) => op('Add', [scores, causal]),
    },
  ]
  if (P > 0) {
    const mask = masked ? (inputs['promptMask'] = activation([n, 1, 1, 1, 1, P])) : undefined
    const shared = (name: string) =>
      op('Transpose', [(inputs[name] = activation([n, P, K, H]))], { perm: [0, 2, 1, 3] })
    seen.push({
      keys: shared('promptKeys'),
      values: shared('promptValues'),
      // Scored once against all queries of the group: nothing is replicated.
      shape: [n, K, g * S * r, H],
      mask: (scores) => (mask ? op('Add', [scores, mask]) : scores),
    })
  }
  return { inputs, q: op('Transpose', [inputs['queries']!], { perm: WHOLE }), seen, scale }
}

/** 0 where row i sees column j ≤ i, very negative elsewhere. */
function triangle(size: number): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(size * size)
  for (let i = 0; i < size; i++) mask.fill(MASKED, i * size + i + 1, (i + 1) * size)
  return mask
}

// ** a part of one sequence **

/**
 * Sizes of a piece of one sequence: some rows of a prompt (P = 0), or of a completion with the P rows of its prompt. Or of a forest
 * of sequences (P = 0).
 */
export interface PartSizes {
  r: number
  P: number
  /** How many places a row sees, its own included; all before it where undefined. */
  window?: number | undefined
  branching?: boolean
}

/**
 * queries [r, K, S, H], keys and values of the rows up to the last of them [t, K, H], of the prompt [P, K, H], and `rows` [r, 1]
 * and `columns` [P + t] that say what is seen (`placesOf`) → attended, as the queries. In a forest these number the rows, `ends` [t]
 * are the numbers of the last rows below each, and where there is a window `rowPositions` and `columnPositions` say what it holds.
 */
export function attendPart(net: Net, sizes: PartSizes): Cut {
  const { inputs, q, seen, scale } = partOfSequence(net, sizes)
  const attended = op('Transpose', [attend(q, seen, scale)], { perm: inverse(PART) })
  return cut(`attend-part-${Object.values(sizes).join('-')}`, inputs, { attended })
}

/** From d attended to d queries; those of keys and values are added to what has arrived there, in float32. */
export function attendPartBackward(net: Net, sizes: PartSizes): Cut {
  const { inputs, q, seen, scale } = partOfSequence(net, sizes)
  const { P } = sizes
  const [attended, dAttended] = [likeQueries(inputs), likeQueries(inputs)]
  const turned = [attended, dAttended].map((value) => op('Transpose', [value], { perm: PART }))
  const found = attendBackward(q, turned[0]!, turned[1]!, seen, scale)
  const sums = accumulating()
  for (const what of ['keys', 'values'] as const) {
    const rows = op('Transpose', [found.seen[0]![what]], { perm: [1, 0, 2] })
    const range = (start: number, end: number) => op('Slice', [rows], { starts: [start], ends: [end], axes: [0] })
    sums.add(`d ${what}`, P > 0 ? range(P, MAX) : rows)
    if (P > 0) sums.add(`d prompt ${what}`, range(0, P))
  }
  return cut(
    `attend-part-backward-${Object.values(sizes).join('-')}`,
    { ...inputs, attended, 'd attended': dAttended, ...sums.inputs },
    { 'd queries': op('Transpose', [found.queries], { perm: inverse(PART) }), ...sums.outputs },
  )
}

/** [r, K, S, H] → [K, S, r, H] */
const PART = [1, 2, 0, 3]

function partOfSequence({ config, precision }: Net, { r, P, window, branching = false }: PartSizes) {
  const { K, S, H, scale } = headSizes(config)
  const activation = (shape: readonly Dim[]) => input(precision.compute, shape)
  const inputs: Inputs = { queries: activation([r, K, S, H]) }
  const all = (own: string, prompt: string) => {
    const rows = (inputs[own] = activation(['t', K, H]))
    const parts = P > 0 ? [(inputs[prompt] = activation([P, K, H])), rows] : [rows]
    return op('Transpose', [P > 0 ? op('Concat', parts, { axis: 0 }) : rows], { perm: [1, 0, 2] })
  }
  const keys = all('keys', 'promptKeys')
  const values = all('values', 'promptValues')
  const places = (row: string, column: string) =>
    [(inputs[row] = input('f32', [r, 1])), (inputs[column] = input('f32', [keys.shape[1]!]))] as const
  const [rows, columns] = places('rows', 'columns')
  const hiding = [op('Exp', [op('Sub', [columns, rows])])]
  if (branching) hiding.push(op('Exp', [op('Sub', [rows, (inputs['ends'] = input('f32', columns.shape))])]))
  if (window) {
    const [row, column] = branching ? places('rowPositions', 'columnPositions') : [rows, columns]
    hiding.push(op('Exp', [op('Sub', [op('Sub', [row, column]), placesOf.column(window)])]))
  }
  const hidden = cast(hiding.length === 1 ? hiding[0]! : op('Sum', hiding), precision.compute)
  const seen = { keys, values, shape: [K, S * r, H], mask: (scores: Value) => op('Sub', [scores, hidden]) }
  return { inputs, q: op('Transpose', [inputs['queries']!], { perm: PART }), seen: [seen], scale }
}

/** e to minus half of this is lost in a score, e to half of it is more than any. */
const STEEP = 120

/**
 * Places as numbers of which exp(column − row) is what to take from a score: nothing where the column is not after the row,
 * everything where it is. exp(row − column − window) is the same for a column that a window has passed, exp(row − end) for one that
 * no longer stands above the row.
 */
export const placesOf = {
  row: (place: number): number => STEEP * (place + 0.5),
  column: (place: number): number => STEEP * place,
  end: (last: number): number => STEEP * (last + 1),
  /** After every row. */
  hidden: 1e9,
}

// ** what both share **

type Inputs = Record<string, Value>

const likeQueries = ({ queries }: Inputs): Value => input(queries!.dtype, queries!.shape)

/** Outputs that are added to inputs of the same name. */
function accumulating() {
  const [inputs, outputs]: [Inputs, Inputs] = [{}, {}]
  return {
    inputs,
    outputs,
    add(name: string, value: Value) {
      const arrived = (inputs[name] = input('f32', value.shape))
      outputs[name] = op('Add', [arrived, cast(value, arrived.dtype)])
    },
  }
}

/** Sizes of the heads and the scale of their scores, 1/√H. */
export function headSizes({ heads, kvHeads, headDim }: ModelConfig): {
  K: number
  S: number
  H: number
  scale: number
} {
  return { K: kvHeads, S: heads / kvHeads, H: headDim, scale: 1 / Math.sqrt(headDim) }
}

/** At most one size may be a name, the last but for the heads. */
function reshape(value: Value, shape: readonly Dim[]): Value {
  return op('Reshape', [value], { shape: shape.map((size) => (typeof size === 'number' ? size : -1)) })
}

const inverse = (perm: readonly number[]): number[] => perm.map((_, axis) => perm.indexOf(axis))
