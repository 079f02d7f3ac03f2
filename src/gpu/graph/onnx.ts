// A cut of a graph as an ONNX model: the bytes ONNX Runtime loads. Field numbers from onnx.proto3 (IR version 10).
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Attribute, Dim, Node, Type, Value, Op } from './value.ts'
import { absent, type Cut } from './graph.ts'
import { encode, isFloat } from './float.ts'
import { fuse } from './fuse.ts'
import { ops } from './ops.ts'
import { MAX } from './shape.ts'
import { dtypes } from './tensor.ts'

/** The last opset in which every operator used here has a CPU and a CUDA kernel. */
const OPSET = 18
const IR_VERSION = 10
const FLOAT = 1
const INT = 2
const STRING = 3
const INTS = 7

export function toOnnx(whole: Cut): Uint8Array {
  const graph = fuse(whole)
  // An operand that is not given has the empty name.
  const names = new Map<Value, string>([[absent, '']])
  for (const [name, value] of Object.entries(graph.inputs)) names.set(value, name)
  // An output that is an input, or stands under two names, is a copy: it needs a name of its own.
  const copied = Object.entries(graph.outputs).filter(([key, value]) => {
    if (names.has(value)) return true
    names.set(value, outputName(graph, key))
    return false
  })
  const name = (value: Value): string => {
    const known = names.get(value) ?? `v${names.size}`
    names.set(value, known)
    return known
  }
  const body = new BinaryWriter()
  const operands = new Map<string, readonly number[]>()
  for (const node of graph.nodes) message(body, 1, (writer) => writeNode(writer, node, name, operands))
  for (const [key, value] of copied)
    message(body, 1, (writer) => {
      writer.tag(1, WireType.LengthDelimited).string(name(value))
      writer.tag(2, WireType.LengthDelimited).string(outputName(graph, key))
      writer.tag(4, WireType.LengthDelimited).string('Identity')
    })
  writer(body, 2).string(graph.name)
  for (const value of graph.constants) message(body, 5, (w) => writeTensor(w, name(value), value, elementsOf(value)))
  for (const [operand, values] of operands)
    message(body, 5, (w) => writeTensor(w, operand, { dtype: 'i64', shape: [values.length] }, toInt64(values)))
  for (const [input, value] of Object.entries(graph.inputs)) message(body, 11, (w) => writeValue(w, input, value))
  for (const [key, value] of Object.entries(graph.outputs))
    message(body, 12, (w) => writeValue(w, outputName(graph, key), value))

  const model = new BinaryWriter()
  model.tag(1, WireType.Varint).int64(IR_VERSION)
  writer(model, 7).bytes(body.finish())
  message(model, 8, (w) => writeOpset(w, '', OPSET))
  message(model, 8, (w) => writeOpset(w, 'com.microsoft', 1))
  return model.finish()
}

/** Name of an output in the model. One that replaces an input of the same name gets a prime: ONNX has one name space. */
export function outputName({ inputs }: Pick<Cut, 'inputs'>, key: string): string {
  return key in inputs ? `${key}'` : key
}

function writeNode(
  w: BinaryWriter,
  node: Node,
  name: (value: Value) => string,
  operands: Map<string, readonly number[]>,
): void {
  const row: Op = ops[node.op]
  for (const value of node.inputs) writer(w, 1).string(name(value))
  for (const key of row.operands ?? []) {
    const values = node.attributes[key]
    if (!Array.isArray(values)) throw new Error(`${node.op}: ${key} is not a list`)
    const operand = `i${values.join('_')}`
    operands.set(operand, values)
    writer(w, 1).string(operand)
  }
  for (const value of node.outputs) writer(w, 2).string(name(value))
  // Named after what it computes, for messages of ONNX Runtime.
  writer(w, 3).string(name(node.outputs[0]!))
  writer(w, 4).string(node.op)
  for (const [key, value] of Object.entries(node.attributes))
    if (!row.operands?.includes(key))
      message(w, 5, (a) => writeAttribute(a, key, value, row.floats?.includes(key) ?? false))
  if (row.domain) writer(w, 7).string(row.domain)
}

function writeAttribute(w: BinaryWriter, name: string, value: Attribute, float: boolean): void {
  writer(w, 1).string(name)
  if (typeof value === 'string') {
    writer(w, 4).string(value)
    w.tag(20, WireType.Varint).int32(STRING)
  } else if (typeof value === 'number') {
    if (float) w.tag(2, WireType.Bit32).float(value)
    else w.tag(3, WireType.Varint).int64(value)
    w.tag(20, WireType.Varint).int32(float ? FLOAT : INT)
  } else {
    for (const item of value) w.tag(8, WireType.Varint).int64(item)
    w.tag(20, WireType.Varint).int32(INTS)
  }
}

/** A constant as its type holds it. */
function elementsOf({ dtype, constant }: Value): ArrayBufferView {
  return constant instanceof Float32Array && isFloat(dtype) ? encode(dtype, constant) : constant!
}

function writeTensor(w: BinaryWriter, name: string, type: Type, data: ArrayBufferView): void {
  for (const size of type.shape) w.tag(1, WireType.Varint).int64(Number(size))
  w.tag(2, WireType.Varint).int32(dtypes[type.dtype].code)
  writer(w, 8).string(name)
  writer(w, 9).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function writeValue(w: BinaryWriter, name: string, type: Type): void {
  writer(w, 1).string(name)
  message(w, 2, (typeProto) =>
    message(typeProto, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(dtypes[type.dtype].code)
      message(tensor, 2, (shape) => {
        for (const size of type.shape) message(shape, 1, (dim) => writeDim(dim, size))
      })
    }),
  )
}

function writeDim(w: BinaryWriter, size: Dim): void {
  if (typeof size === 'number') w.tag(1, WireType.Varint).int64(size)
  else writer(w, 2).string(size)
}

function writeOpset(w: BinaryWriter, domain: string, version: number): void {
  writer(w, 1).string(domain)
  w.tag(2, WireType.Varint).int64(version)
}

function message(w: BinaryWriter, field: number, body: (inner: BinaryWriter) => void): void {
  const inner = new BinaryWriter()
  body(inner)
  writer(w, field).bytes(inner.finish())
}

function writer(w: BinaryWriter, field: number): BinaryWriter {
  return w.tag(field, WireType.LengthDelimited)
}

function toInt64(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, (value) => (value === MAX ? 2n ** 63n - 1n : BigInt(value)))
}
