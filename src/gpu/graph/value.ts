// What a graph consists of: values, each with its type and the node that computes it.
import type { DType } from './tensor.ts'

/** A size, or the name of one that is known only when the graph runs. */
export type Dim = number | string

export type Attribute = number | string | readonly number[]

export type Attributes = Readonly<Record<string, Attribute>>

export interface Type {
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

export interface Node {
  readonly op: OpName
  readonly inputs: readonly Value[]
  readonly attributes: Attributes
  readonly outputs: readonly Value[]
}

export interface Value extends Type {
  /** Grows with construction, so that sorting by it is a topological order. */
  readonly id: number
  /** The node that computes it; null for inputs and constants. */
  readonly node: Node | null
  /** Elements of a constant, in the order of its shape. */
  readonly constant?: Float32Array<ArrayBuffer> | BigInt64Array
}

/** What a gradient rule sees: a node's operands, results and the gradients that reached the results. */
export interface Backward {
  inputs: readonly Value[]
  outputs: readonly Value[]
  attributes: Attributes
  /** d loss / d outputs[0]. */
  dy: Value
  /** d loss / d each output; undefined where none reached it. */
  gradients: readonly (Value | undefined)[]
}

/** A row of the table of operators. */
export interface Op {
  /** Operator domain; the ONNX one where absent. */
  domain?: 'com.microsoft'
  /** Attributes that ONNX takes as int64 tensors, in operand order after the inputs. */
  operands?: readonly string[]
  /** Attributes that are floats even when whole. */
  floats?: readonly string[]
  infer(inputs: readonly Value[], attributes: Attributes): Type[]
  /** One gradient per input, undefined where none flows. Absent: the op cannot be differentiated. */
  grad?(backward: Backward): (Value | undefined)[]
}

export type OpName =
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Div'
  | 'Neg'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Sigmoid'
  | 'Identity'
  | 'Sum'
  | 'Cast'
  | 'QuickGelu'
  | 'FusedMatMul'
  | 'Gemm'
  | 'ReduceSum'
  | 'ReduceMean'
  | 'Softmax'
  | 'LogSoftmax'
  | 'SimplifiedLayerNormalization'
  | 'RotaryEmbedding'
  | 'Reshape'
  | 'Transpose'
  | 'Concat'
  | 'Split'
  | 'Slice'
  | 'Pad'
  | 'Expand'
  | 'Gather'
  | 'GatherElements'
  | 'CumSum'
  | 'ArgMax'
  | 'TopK'
  | 'Less'
  | 'LessOrEqual'
  | 'And'
  | 'SkipSimplifiedLayerNormalization'
  | 'GroupQueryAttention'
  | 'ScatterElements'
