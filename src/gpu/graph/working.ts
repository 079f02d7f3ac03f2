// The memory that a graph works in: what is computed on the way from its inputs to its outputs.
import type { Cut } from './graph.ts'
import { fuse } from './fuse.ts'
import { dtypes } from './tensor.ts'
import type { Dim, OpName, Value } from './value.ts'

/** Operators whose result may lie where an operand lay that nobody reads any more. */
const IN_PLACE: ReadonlySet<OpName> = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Exp',
  'Log',
  'Sqrt',
  'Sigmoid',
  'Identity',
  'Reshape',
  'Sum',
])

/**
 * Most bytes alive at once of values that are neither inputs nor outputs, with nodes in the order in which they were made.
 * `sizes` are those that the graph knows by name. ONNX Runtime chooses its own order: this is an estimate.
 */
export function workingBytes(graph: Cut, sizes: Readonly<Record<string, number>> = {}): number {
  const { nodes, inputs, outputs } = fuse(graph)
  const bound = new Set([...Object.values(inputs), ...Object.values(outputs)])
  const left = new Map<Value, number>()
  for (const node of nodes) for (const value of node.inputs) left.set(value, (left.get(value) ?? 0) + 1)
  /** What each value lies in, and how many of its readers are still to come. */
  const bytesOf = (value: Value) =>
    dtypes[value.dtype].bytes * value.shape.reduce<number>((product, size) => product * sizeOf(size, sizes), 1)
  const memory = new Map<Value, { bytes: number; readers: number }>()
  let [now, most] = [0, 0]
  for (const { op, inputs: operands, outputs: results } of nodes) {
    const ends = operands.filter((value) => left.get(value) === 1 && memory.has(value))
    const reused =
      IN_PLACE.has(op) && results.length === 1
        ? ends.find((value) => memory.get(value)!.readers === 1 && memory.get(value)!.bytes === bytesOf(results[0]!))
        : undefined
    for (const result of results) {
      if (bound.has(result)) continue
      const place = reused ? memory.get(reused)! : { bytes: bytesOf(result), readers: 0 }
      if (!reused) now += place.bytes
      place.readers++
      memory.set(result, place)
    }
    most = Math.max(most, now)
    for (const value of new Set([...operands, ...results])) {
      const count = (left.get(value) ?? 0) - operands.filter((operand) => operand === value).length
      left.set(value, count)
      const place = memory.get(value)
      if (count > 0 || !place) continue
      memory.delete(value)
      if (--place.readers === 0) now -= place.bytes
    }
  }
  return most
}

/** A size, or a sum of sizes, of which some are known by name. */
function sizeOf(size: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof size === 'number') return size
  return size.split('+').reduce((sum, part) => sum + (sizes[part] ?? Number(part)), 0)
}
