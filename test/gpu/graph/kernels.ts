// Which operators ONNX Runtime 1.30's CUDA provider computes without cuDNN, for which element types, at opset 18.
// Measured: one session per operator and type with that provider, and which of those then run where cuDNN is not installed.
import type { Node, OpName } from '../../../src/gpu/graph/value.ts'
import type { Cut } from '../../../src/gpu/graph/graph.ts'
import { axisOf } from '../../../src/gpu/graph/shape.ts'
import type { DType } from '../../../src/gpu/graph/tensor.ts'

interface Kernel {
  /** Types of the data operand, the first, that have a kernel. */
  types: readonly DType[]
  /** Why this node does not run though its type has a kernel. */
  refusal?(node: Node): string | undefined
}

const floats: readonly DType[] = ['f32', 'f16', 'bf16']
const numbers: readonly DType[] = [...floats, 'i64', 'i32']
const all: readonly DType[] = [...numbers, 'bool']

export const cudaKernels: Record<OpName, Kernel> = {
  Add: { types: numbers },
  Sub: { types: numbers },
  Mul: { types: numbers },
  Div: { types: numbers },
  Neg: { types: numbers },
  Less: { types: ['f32', 'f16', 'i64', 'i32'] },
  LessOrEqual: { types: ['f32', 'f16', 'i64', 'i32'] },
  And: { types: ['bool'] },
  ArgMax: { types: ['f32', 'f16'] },
  TopK: { types: ['f32', 'f16', 'i64', 'i32'] },
  CumSum: { types: ['f32', 'f16', 'i64', 'i32'] },
  SkipSimplifiedLayerNormalization: { types: floats },
  GroupQueryAttention: { types: ['f16', 'bf16'] },
  Sum: { types: floats },
  Exp: { types: floats },
  Sqrt: { types: floats },
  Sigmoid: { types: floats },
  Log: { types: ['f32', 'f16'] },
  Identity: { types: all },
  Cast: { types: all },
  QuickGelu: { types: floats },
  FusedMatMul: { types: floats },
  Gemm: { types: floats },
  ReduceSum: { types: numbers },
  ReduceMean: { types: floats, refusal: reductionNeedsCudnn },
  Softmax: { types: floats },
  LogSoftmax: { types: ['f32', 'f16'] },
  SimplifiedLayerNormalization: { types: floats, refusal: mixedTypes },
  RotaryEmbedding: { types: floats },
  Reshape: { types: all },
  Transpose: { types: all },
  Concat: { types: all },
  Split: { types: all },
  Slice: { types: all },
  Expand: { types: all },
  Pad: { types: ['f32', 'f16', 'bool'] },
  Gather: { types: all },
  GatherElements: { types: all },
  // Adding half-precision numbers there has been wrong in several versions; whole numbers are only put there.
  ScatterElements: { types: ['f32', 'i64'], refusal: addsWholeNumbers },
}

/** What in a graph CUDA would not compute, one line a node; empty for a graph that runs there as a whole. */
export function cudaFaults(graph: Cut): string[] {
  return graph.nodes.flatMap((node) => {
    const kernel: Kernel | undefined = cudaKernels[node.op]
    const type = node.inputs[0]?.dtype
    if (kernel === undefined) return [`${graph.name}: ${node.op} is not in the table of CUDA kernels`]
    if (type === undefined || !kernel.types.includes(type))
      return [`${graph.name}: ${node.op} has no kernel for ${type}`]
    const refusal = kernel.refusal?.(node)
    return refusal === undefined ? [] : [`${graph.name}: ${node.op} ${refusal}`]
  })
}

/** Means run without cuDNN over the first axes, the last ones or all, axes of length 1 not counted. */
function reductionNeedsCudnn({ inputs: [x], attributes }: Node): string | undefined {
  const shape = x!.shape
  const axes = attributes['axes']
  const reduced = new Set(Array.isArray(axes) ? axes.map((axis) => axisOf(axis, shape.length)) : shape.keys())
  const pattern = shape.flatMap((size, axis) => (size === 1 ? [] : [reduced.has(axis)]))
  const changes = pattern.filter((now, i) => i > 0 && now !== pattern[i - 1]).length
  return changes > 1 ? `over axes ${[...reduced]} of [${shape}] needs cuDNN` : undefined
}

function addsWholeNumbers({ inputs: [x], attributes }: Node): string | undefined {
  return x!.dtype === 'i64' && attributes['reduction'] === 'add'
    ? 'adds whole numbers, which was not measured'
    : undefined
}

function mixedTypes({ inputs: [x, scale] }: Node): string | undefined {
  return x!.dtype === scale!.dtype ? undefined : `has no kernel for ${x!.dtype} with a scale of ${scale!.dtype}`
}
