// The smallest writer of ONNX models that tests of the runtime need: nodes over float32 values, no constants.

export interface NodeSpec {
  op: string
  inputs: string[]
  outputs: string[]
}

/** A serialised model (opset 18). A size in a shape may be a name; a shape is of float32 elements. */
export function model(
  nodes: NodeSpec[],
  inputs: Record<string, (number | string)[]>,
  outputs: Record<string, (number | string)[]>,
): Uint8Array {
  const graph = [
    ...nodes.map(({ op, inputs, outputs }) =>
      bytes(1, [...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, op)]),
    ),
    text(2, 'test'),
    ...Object.entries(inputs).map(([name, shape]) => bytes(11, valueInfo(name, shape))),
    ...Object.entries(outputs).map(([name, shape]) => bytes(12, valueInfo(name, shape))),
  ]
  return Uint8Array.from([...integer(1, 8), ...bytes(7, graph), ...bytes(8, [text(1, ''), integer(2, 18)])])
}

function valueInfo(name: string, shape: (number | string)[]): number[][] {
  const sizes = shape.map((size) => bytes(1, [typeof size === 'number' ? integer(1, size) : text(2, size)]))
  return [text(1, name), bytes(2, [bytes(1, [integer(1, 1), bytes(2, sizes)])])]
}

// Protocol buffers: a field is its number and wire type (0 varint, 2 bytes with a length), then its content.
function integer(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)]
}
function text(field: number, value: string): number[] {
  return bytes(field, [[...new TextEncoder().encode(value)]])
}
function bytes(field: number, parts: number[][]): number[] {
  const content = parts.flat()
  return [...varint(field * 8 + 2), ...varint(content.length), ...content]
}
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}
