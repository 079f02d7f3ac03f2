// THE table: op → { infer, grad }. Types follow from `infer`, backward graphs from `grad`; nothing else knows an op.
// Letters: A axes reduced or joined, the rest as in the operator's own documentation (opset 18, com.microsoft).
import type { OpName, Op, Attributes, Dim, Type, Value } from './value.ts'
import { op, opAll, scalar } from './graph.ts'
import {
  addSizes,
  axesOf,
  axisOf,
  broadcast,
  elements,
  fixed,
  list,
  productShape,
  reducedShape,
  repeatedAxes,
  replaceAxis,
  reshaped,
  sameShape,
} from './shape.ts'

const elementwise = (grad?: Op['grad']): Op => ({
  infer: ([a, b]) => [{ dtype: a!.dtype, shape: broadcast(a!.shape, b!.shape) }],
  ...(grad && { grad }),
})
const unary = (grad?: Op['grad']): Op => ({ infer: ([x]) => [x!], ...(grad && { grad }) })

export const ops: Record<OpName, Op> = {
  // ** elementwise **
  Add: elementwise(({ inputs: [a, b], dy }) => [unbroadcast(dy, a!), unbroadcast(dy, b!)]),
  Sub: elementwise(({ inputs: [a, b], dy }) => [unbroadcast(dy, a!), unbroadcast(op('Neg', [dy]), b!)]),
  Mul: elementwise(({ inputs: [a, b], dy }) => [
    unbroadcast(op('Mul', [dy, b!]), a!),
    unbroadcast(op('Mul', [dy, a!]), b!),
  ]),
  // d(a/b)/db = −(a/b)/b
  Div: elementwise(({ inputs: [a, b], outputs: [y], dy }) => {
    const da = op('Div', [dy, b!])
    return [unbroadcast(da, a!), unbroadcast(op('Neg', [op('Mul', [da, y!])]), b!)]
  }),
  Neg: unary(({ dy }) => [op('Neg', [dy])]),
  Exp: unary(({ outputs: [y], dy }) => [op('Mul', [dy, y!])]),
  Log: unary(({ inputs: [x], dy }) => [op('Div', [dy, x!])]),
  // d√x = dy / 2√x
  Sqrt: unary(({ outputs: [y], dy }) => [op('Div', [op('Mul', [dy, scalar(0.5)]), y!])]),
  Sigmoid: unary(({ outputs: [y], dy }) => [op('Mul', [dy, op('Mul', [y!, op('Sub', [scalar(1), y!])])])]),
  Identity: unary(({ dy }) => [dy]),
  Min: elementwise(),
  Sum: {
    infer: (inputs) => [
      { dtype: inputs[0]!.dtype, shape: inputs.map((x) => x.shape).reduce((a, b) => broadcast(a, b)) },
    ],
    grad: ({ inputs, dy }) => inputs.map((x) => unbroadcast(dy, x)),
  },
  Cast: {
    infer: ([x], { to }) => [{ dtype: CAST_TARGETS[String(to)]!, shape: x!.shape }],
  },
  /** x·σ(αx); α = 1 is SiLU, the only one differentiated: σ(x)·(1 + x − y). */
  QuickGelu: {
    domain: 'com.microsoft',
    floats: ['alpha'],
    infer: ([x]) => [x!],
    grad: ({ inputs: [x], outputs: [y], attributes, dy }) => {
      if (attributes['alpha'] !== 1) throw new Error(`QuickGelu: no gradient for alpha ${attributes['alpha']}`)
      const slope = op('Mul', [op('Sigmoid', [x!]), op('Add', [op('Sub', [x!, y!]), scalar(1)])])
      return [op('Mul', [dy, slope])]
    },
  },

  // ** products **
  /** α·A′B′ over the last two axes, each transposed where said; axes before them broadcast. */
  FusedMatMul: {
    domain: 'com.microsoft',
    floats: ['alpha'],
    infer: ([a, b], attributes) => [{ dtype: a!.dtype, shape: productShape(a!, b!, attributes) }],
    grad: ({ inputs: [a, b], attributes, dy }) => {
      const { transA = 0, transB = 0, alpha = 1 } = attributes
      const not = (flag: unknown) => (flag ? 0 : 1)
      const product = (x: Value, y: Value, tx: unknown, ty: unknown) =>
        op('FusedMatMul', [x, y], { transA: tx ? 1 : 0, transB: ty ? 1 : 0, alpha })
      const da = transA ? product(b!, dy, transB, 1) : product(dy, b!, 0, not(transB))
      const db = transB ? product(dy, a!, 1, transA) : product(a!, dy, not(transA), 0)
      return [unbroadcast(da, a!), unbroadcast(db, b!)]
    },
  },
  /** α·A′B′ + C on matrices: what fuse.ts makes of a sum with a product in it. */
  Gemm: {
    floats: ['alpha', 'beta'],
    infer: ([a, b, c], attributes) => {
      const shape = productShape(a!, b!, attributes)
      if (!sameShape(broadcast(shape, c!.shape), shape)) throw new Error(`Gemm: [${c!.shape}] does not fit [${shape}]`)
      return [{ dtype: a!.dtype, shape }]
    },
    grad: ({ inputs: [a, b, c], attributes, dy }) => {
      const { transA = 0, transB = 0, alpha = 1 } = attributes
      const product = opAll('FusedMatMul', [a!, b!], { transA, transB, alpha })
      const rule = ops.FusedMatMul.grad!({ inputs: [a!, b!], outputs: product, attributes, dy, gradients: [dy] })
      return [...rule, unbroadcast(dy, c!)]
    },
  },

  // ** reductions and normalisations **
  ReduceSum: {
    operands: ['axes'],
    infer: ([x], attributes) => [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }],
    grad: ({ inputs: [x], attributes, dy }) => [spread(dy, x!, attributes)],
  },
  /** Opset 18 takes the axes as an operand. */
  ReduceMean: {
    operands: ['axes'],
    infer: ([x], attributes) => [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }],
    grad: ({ inputs: [x], attributes, dy }) => {
      const count = axesOf(attributes, x!.shape.length).reduce((n, axis) => n * fixed(x!.shape[axis]), 1)
      return [spread(op('Mul', [dy, scalar(1 / count)]), x!, attributes)]
    },
  },
  // dS = p∘(dP − Σ p∘dP)
  Softmax: unary(({ outputs: [p], attributes, dy }) => {
    const inner = op('ReduceSum', [op('Mul', [p!, dy])], { axes: [Number(attributes['axis'])], keepdims: 1 })
    return [op('Mul', [p!, op('Sub', [dy, inner])])]
  }),
  // dx = dy − softmax(x)·Σ dy
  LogSoftmax: unary(({ outputs: [y], attributes, dy }) => {
    const total = op('ReduceSum', [dy], { axes: [Number(attributes['axis'])], keepdims: 1 })
    return [op('Sub', [dy, op('Mul', [op('Exp', [y!]), total])])]
  }),
  /**
   * RMSNorm over the last axis: y = x·r·g with r = 1/√(mean x² + ε), which is the second output.
   * dx = r·n − x·r³·mean(n∘x) with n = dy∘g; dg = Σ dy∘x·r.
   */
  SimplifiedLayerNormalization: {
    floats: ['epsilon'],
    infer: ([x]) => [x!, { dtype: 'f32', shape: replaceAxis(x!.shape, x!.shape.length - 1, 1) }],
    grad: ({ inputs: [x, g], outputs: [, r], dy, gradients }) => {
      if (gradients[1]) throw new Error('SimplifiedLayerNormalization: no gradient through its second output')
      const n = op('Mul', [dy, g!])
      const mean = op('ReduceMean', [op('Mul', [n, x!])], { axes: [-1], keepdims: 1 })
      const cube = op('Mul', [op('Mul', [r!, r!]), r!])
      const dx = op('Sub', [op('Mul', [n, r!]), op('Mul', [x!, op('Mul', [mean, cube])])])
      return [dx, unbroadcast(op('Mul', [dy, op('Mul', [x!, r!])]), g!)]
    },
  },
  /** Rotates pairs (i, i + H/2) of each head; its inverse is the rotation by −angle. Inputs x, position, cos, sin. */
  RotaryEmbedding: {
    domain: 'com.microsoft',
    infer: ([x]) => [x!],
    grad: ({ inputs: [, position, cos, sin], attributes, dy }) => [
      op('RotaryEmbedding', [dy, position!, cos!, op('Neg', [sin!])], attributes),
      undefined,
      undefined,
      undefined,
    ],
  },

  // ** layout **
  Reshape: {
    operands: ['shape'],
    infer: ([x], { shape }) => [{ dtype: x!.dtype, shape: reshaped(x!.shape, list(shape)) }],
    grad: ({ inputs: [x], dy }) => [op('Reshape', [dy], { shape: x!.shape.map(fixed) })],
  },
  Transpose: {
    infer: ([x], { perm }) => [{ dtype: x!.dtype, shape: list(perm).map((axis) => x!.shape[axis]!) }],
    grad: ({ attributes, dy }) => {
      const perm = list(attributes['perm'])
      return [op('Transpose', [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
    },
  },
  Concat: {
    infer: (inputs, { axis }) => {
      const at = axisOf(Number(axis), inputs[0]!.shape.length)
      const size = addSizes(inputs.map((x) => x.shape[at]!))
      return [{ dtype: inputs[0]!.dtype, shape: replaceAxis(inputs[0]!.shape, at, size) }]
    },
    grad: ({ inputs, attributes, dy }) => {
      const at = axisOf(Number(attributes['axis']), dy.shape.length)
      return [...opAll('Split', [dy], { axis: at, split: inputs.map((x) => fixed(x.shape[at])) })]
    },
  },
  Split: {
    operands: ['split'],
    infer: ([x], { axis, split }) => {
      const at = axisOf(Number(axis), x!.shape.length)
      return list(split).map((size) => ({ dtype: x!.dtype, shape: replaceAxis(x!.shape, at, size) }))
    },
    grad: ({ outputs, attributes, gradients }) => {
      const parts = outputs.map((part, i) => gradients[i] ?? zeros(part))
      return [op('Concat', parts, { axis: Number(attributes['axis']) })]
    },
  },
  /** One contiguous piece per listed axis; an end of MAX reaches to the last element of an axis known by name only. */
  Slice: {
    operands: ['starts', 'ends', 'axes'],
    infer: ([x], { starts, ends, axes }) => {
      const shape = list(axes).reduce<Dim[]>(
        (sizes, axis, i) => {
          const [start, end] = [list(starts)[i]!, list(ends)[i]!]
          const size = sizes[axis]!
          if (typeof size === 'string') return replaceAxis(sizes, axis, end === MAX ? `${size}-${start}` : end - start)
          return replaceAxis(sizes, axis, Math.min(end, size) - start)
        },
        [...x!.shape],
      )
      return [{ dtype: x!.dtype, shape }]
    },
    grad: ({ inputs: [x], attributes, dy }) => {
      const before = x!.shape.map(() => 0)
      const axes = list(attributes['axes'])
      axes.forEach((axis, i) => (before[axis] = list(attributes['starts'])[i]!))
      const after = x!.shape.map((size, axis) => fixed(size) - fixed(dy.shape[axis]) - before[axis]!)
      return [op('Pad', [dy], { pads: [...before, ...after] })]
    },
  },
  /** Zeros around x; `pads` lists what comes before each axis, then what comes after. */
  Pad: {
    operands: ['pads'],
    infer: ([x], { pads }) => {
      const rank = x!.shape.length
      const shape = x!.shape.map((size, axis) => fixed(size) + list(pads)[axis]! + list(pads)[axis + rank]!)
      return [{ dtype: x!.dtype, shape }]
    },
    grad: ({ inputs: [x], attributes, dy }) => {
      const starts = x!.shape.map((_, axis) => list(attributes['pads'])[axis]!)
      const ends = x!.shape.map((size, axis) => fixed(size) + starts[axis]!)
      return [op('Slice', [dy], { starts, ends, axes: x!.shape.map((_, axis) => axis) })]
    },
  },
  Expand: {
    operands: ['shape'],
    infer: ([x], { shape }) => [{ dtype: x!.dtype, shape: broadcast(x!.shape, list(shape)) }],
    grad: ({ inputs: [x], dy }) => [unbroadcast(dy, x!)],
  },

  // ** indexing **
  /** Rows of x along axis 0. The gradient adds each row back where it came from. */
  Gather: {
    infer: ([x, indices]) => [{ dtype: x!.dtype, shape: [...indices!.shape, ...x!.shape.slice(1)] }],
    grad: ({ inputs: [x, indices], dy }) => {
      const width = elements(x!.shape.slice(1))
      const rows = elements(indices!.shape)
      const flat = op('Reshape', [dy], { shape: [rows, width] })
      const index = op('Reshape', [indices!], { shape: [rows, 1] })
      const sum = scatterAdd(zeros({ dtype: x!.dtype, shape: [fixed(x!.shape[0]), width] }), index, flat, 0)
      return [op('Reshape', [sum], { shape: x!.shape.map(fixed) }), undefined]
    },
  },
  GatherElements: {
    infer: ([x, indices]) => [{ dtype: x!.dtype, shape: indices!.shape }],
    grad: ({ inputs: [x, indices], attributes, dy }) => [
      op('ScatterElements', [zeros(x!), indices!, dy], { axis: Number(attributes['axis']), reduction: 'add' }),
      undefined,
    ],
  },
  /** x with updates added at indices (reduction=add). One thread on the CPU, so rows hit twice are safe, unlike ScatterND. */
  ScatterElements: {
    infer: ([x]) => [x!],
    grad: ({ inputs: [, indices], attributes, dy }) => {
      if (attributes['reduction'] !== 'add') throw new Error('ScatterElements: a gradient for reduction=add only')
      return [dy, undefined, op('GatherElements', [dy, indices!], { axis: Number(attributes['axis']) })]
    },
  },
  /** 1 where the class is, else 0. Inputs indices, depth (int64, on the host), values [off, on]; a new last axis. */
  OneHot: {
    infer: ([indices, depth, both]) => [
      { dtype: both!.dtype, shape: [...indices!.shape, Number(depth!.constant?.[0] ?? Number.NaN)] },
    ],
  },
  ArgMax: {
    infer: ([x], { axis, keepdims }) => [
      { dtype: 'i64', shape: reducedShape(x!, { axes: [Number(axis)], keepdims: keepdims ?? 1 }) },
    ],
  },
  /** A tensor of one value whose shape arrives as an operand. */
  ConstantOfShape: {
    infer: ([shape]) => [
      { dtype: 'f32', shape: Array.from({ length: fixed(shape!.shape[0]) }, (_, axis) => `n${axis}`) },
    ],
  },
}

/** Ends of a slice that reaches to the end of its axis. */
export const MAX = Number.MAX_SAFE_INTEGER
const CAST_TARGETS: Record<string, Type['dtype']> = { 1: 'f32', 6: 'i32', 7: 'i64' }

/** Sums a gradient back to the shape of an operand that was broadcast. */
function unbroadcast(gradient: Value, operand: Type): Value {
  const axes = repeatedAxes(operand.shape, gradient.shape)
  if (axes.length === 0) return gradient
  const sum = op('ReduceSum', [gradient], { axes, keepdims: 1 })
  return sameShape(sum.shape, operand.shape) ? sum : op('Reshape', [sum], { shape: operand.shape.map(fixed) })
}

/** The gradient of a reduction: the same number for every element that went into it. */
function spread(dy: Value, x: Type, attributes: Attributes): Value {
  const kept = reducedShape(x, { ...attributes, keepdims: 1 })
  const shape = x.shape.map(fixed)
  return op('Expand', [sameShape(dy.shape, kept) ? dy : op('Reshape', [dy], { shape: kept.map(fixed) })], { shape })
}

/** base [n, width] with updates [m, width] added to the rows named by index [m, 1]. */
export function scatterAdd(base: Value, index: Value, updates: Value, axis: number): Value {
  const indices = op('Expand', [index], { shape: updates.shape.map(fixed) })
  return op('ScatterElements', [base, indices, updates], { axis, reduction: 'add' })
}

function zeros(like: Type): Value {
  return op('Expand', [scalar(0)], { shape: like.shape.map(fixed) })
}
