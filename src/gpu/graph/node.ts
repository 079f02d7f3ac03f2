// Making values and nodes. Types of results come from the table of operators, which ops.ts gives here once: the rules of
// that table make nodes themselves. Everybody else takes these functions from graph.ts, where the table is in place.
import type { Attributes, Dim, Node, Op, OpName, Value } from './value.ts'
import { isFloat } from './float.ts'
import { dtypes, type DType } from './tensor.ts'

/** What an operation is given: a value, or a number. */
export type Operand = Value | number

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

/** Stands for an operand that an operator may go without, and is not given. */
export const absent: Value = { id: values++, dtype: 'bool', shape: [0], node: null }

/** A constant: of whole numbers, or of floats, which have the type of what they are to meet. */
export function constant(data: BigInt64Array, shape: readonly number[], dtype: 'i64'): Value
export function constant(data: Float32Array<ArrayBuffer>, shape: readonly number[], dtype: DType): Value
export function constant(data: NonNullable<Value['constant']>, shape: readonly number[], dtype: DType): Value {
  return { id: values++, dtype, shape, node: null, constant: data }
}

/**
 * All outputs of one operation. A number among the operands is a constant of the type of those that it meets.
 * Throws where dtypes or shapes do not fit.
 */
export function opAll(name: OpName, operands: readonly Operand[], attributes: Attributes = {}): readonly Value[] {
  const given = operands.flatMap((operand) => (typeof operand === 'number' || !isFloat(operand.dtype) ? [] : [operand]))
  const [first] = given
  const stranger = given.find(({ dtype }) => dtype !== first!.dtype)
  if (stranger) throw new Error(`${name}: ${first!.dtype} and ${stranger.dtype} do not meet`)
  const inputs = operands.map((operand) =>
    typeof operand === 'number' ? constant(Float32Array.of(operand), [], first!.dtype) : operand,
  )
  const types = table![name].infer(inputs, attributes)
  const outputs: Value[] = []
  const node: Node = { op: name, inputs, attributes, outputs }
  for (const { dtype, shape } of types) outputs.push({ id: values++, dtype, shape, node })
  return outputs
}

/** The first output of one operation. */
export function op(name: OpName, operands: readonly Operand[], attributes: Attributes = {}): Value {
  return opAll(name, operands, attributes)[0]!
}

/** x in another type; x itself where it has that type. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : op('Cast', [x], { to: dtypes[dtype].code })
}
