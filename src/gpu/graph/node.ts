// Making values and nodes. Types of results come from the table of operators, which ops.ts gives here once: the rules of
// that table make nodes themselves. Everybody else takes these functions from graph.ts, where the table is in place.
import type { Attributes, Dim, Node, Op, OpName, Value } from './value.ts'
import type { DType } from './tensor.ts'

let values = 0
let table: Readonly<Record<OpName, Op>> | undefined

/** The rows that `op` looks its operators up in. */
export function giveTable(rows: Readonly<Record<OpName, Op>>): void {
  table = rows
}

/** A value bound when the graph runs. */
export function input(dtype: DType, shape: readonly Dim[]): Value {
  return { id: values++, dtype, shape, node: null }
}

/** A float32 (or, for bigint arrays, int64) constant. */
export function constant(data: Float32Array | BigInt64Array, shape: readonly number[]): Value {
  return { id: values++, dtype: data instanceof BigInt64Array ? 'i64' : 'f32', shape, node: null, constant: data }
}

/** A float32 constant without axes. */
export function scalar(value: number): Value {
  return constant(Float32Array.of(value), [])
}

/** All outputs of one operation. Throws where dtypes or shapes do not fit. */
export function opAll(name: OpName, inputs: readonly Value[], attributes: Attributes = {}): readonly Value[] {
  const types = table![name].infer(inputs, attributes)
  const outputs: Value[] = []
  const node: Node = { op: name, inputs, attributes, outputs }
  for (const { dtype, shape } of types) outputs.push({ id: values++, dtype, shape, node })
  return outputs
}

/** The first output of one operation. */
export function op(name: OpName, inputs: readonly Value[], attributes: Attributes = {}): Value {
  return opAll(name, inputs, attributes)[0]!
}
