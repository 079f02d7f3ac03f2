// Arithmetic on shapes whose sizes may be names.
import type { Attributes, Dim, Type } from './value.ts'

/** Ends of a slice that reaches to the end of its axis. */
export const MAX = Number.MAX_SAFE_INTEGER

/** Shape of an elementwise operation on both, as ONNX (and NumPy) broadcast. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left === right || right === 1) return left
    // Two names may be the same size spelt differently; ONNX Runtime checks those when it runs.
    if (typeof left === 'string' && typeof right === 'string') return left
    if (left === 1) return right
    throw new Error(`shapes [${a}] and [${b}] do not broadcast`)
  })
}

/** Axes of `wide` along which `narrow` was repeated to reach it. */
export function repeatedAxes(narrow: readonly Dim[], wide: readonly Dim[]): number[] {
  const offset = wide.length - narrow.length
  return wide.flatMap((size, axis) => (axis < offset || (narrow[axis - offset] === 1 && size !== 1) ? [axis] : []))
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

/** A negative axis counts from the end. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis
  if (positive < 0 || positive >= rank) throw new Error(`axis ${axis} is outside rank ${rank}`)
  return positive
}

/** The size as a number; throws where it is a name. */
export function fixed(size: Dim | undefined): number {
  if (typeof size !== 'number') throw new Error(`a fixed size is needed here, not ${size ?? 'nothing'}`)
  return size
}

/** Sum of sizes along a joined axis; a name stays readable (`t+1`). */
export function addSizes(sizes: readonly Dim[]): Dim {
  return sizes.every((size) => typeof size === 'number') ? sizes.reduce((sum, size) => sum + size, 0) : sizes.join('+')
}

/** What is left of an axis after its first `start` entries; of `3+t` without 3 that is `t`. */
export function sizeAfter(size: Dim, start: number): Dim {
  if (typeof size === 'number') return size - start
  return size.startsWith(`${start}+`) ? size.slice(`${start}+`.length) : `${size}-${start}`
}

/** Number of elements, where every size is known. */
export function elements(shape: readonly Dim[]): number {
  return shape.reduce<number>((product, size) => product * fixed(size), 1)
}

export function replaceAxis(shape: readonly Dim[], axis: number, size: Dim): Dim[] {
  return shape.map((old, i) => (i === axis ? size : old))
}

/** Shape of A′B′, each transposed where said; the axes before the last two broadcast. */
export function productShape(a: Type, b: Type, { transA, transB, transBatchB }: Attributes): Dim[] {
  const [m, k] = lastTwo(a.shape, transA)
  // transBatchB: the first axis of B is its row axis, the axes between are the batch.
  const right = transBatchB ? [...b.shape.slice(1, -1), b.shape[0]!, b.shape[b.shape.length - 1]!] : b.shape
  const [l, n] = lastTwo(right, transB)
  // Two names may be the same size spelt differently; ONNX Runtime checks those when it runs.
  if (k !== l && typeof k === 'number' && typeof l === 'number')
    throw new Error(`product of [${a.shape}] and [${b.shape}]: inner sizes ${k} and ${l} differ`)
  return [...broadcast(a.shape.slice(0, -2), right.slice(0, -2)), m, n]
}

function lastTwo(shape: readonly Dim[], transposed: unknown): [Dim, Dim] {
  const [rows, columns] = [shape[shape.length - 2]!, shape[shape.length - 1]!]
  return transposed ? [columns, rows] : [rows, columns]
}

/** The axes of a reduction, counted from the front. */
export function axesOf(attributes: Attributes, rank: number): number[] {
  return list(attributes['axes']).map((axis) => axisOf(axis, rank))
}

/** Shape of a reduction over the attribute `axes`, kept at size 1 where `keepdims` says so. */
export function reducedShape(x: Type, attributes: Attributes): Dim[] {
  const axes = axesOf(attributes, x.shape.length)
  return x.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : attributes['keepdims'] ? [1] : []))
}

/** Shape after a reshape in which 0 is the size at the same place before, and at most one size is −1, what is left. */
export function reshaped(from: readonly Dim[], to: readonly number[]): Dim[] {
  const sizes = to.map((size, axis) => (size === 0 ? from[axis]! : size))
  const given = sizes.filter((size) => size !== -1)
  const names = from.filter((size) => typeof size === 'string' && !given.includes(size))
  if (!to.includes(-1)) {
    const known = [...from, ...sizes].every((size) => typeof size === 'number')
    if (known && elements(from) !== elements(sizes)) throw new Error(`[${from}] does not reshape to [${to}]`)
    return sizes
  }
  const numbers = (dims: readonly Dim[]) => elements(dims.filter((size) => typeof size === 'number'))
  const share = numbers(from) / numbers(given)
  const left = names.length === 0 ? share : share === 1 ? names.join('*') : `${names.join('*')}*${share}`
  return sizes.map((size) => (size === -1 ? left : size))
}

/** An attribute that is a list of numbers. */
export function list(attribute: Attributes[string] | undefined): readonly number[] {
  if (!Array.isArray(attribute)) throw new Error(`a list was expected, not ${String(attribute)}`)
  return attribute
}
