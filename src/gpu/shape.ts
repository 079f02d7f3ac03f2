// Arithmetic on shapes whose sizes may be names.
import type { Dim } from './graph.ts'

/** Shape of an elementwise operation on both, as ONNX (and NumPy) broadcast. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left === right || right === 1) return left
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

/** Number of elements, where every size is known. */
export function elements(shape: readonly Dim[]): number {
  return shape.reduce<number>((product, size) => product * fixed(size), 1)
}

export function replaceAxis(shape: readonly Dim[], axis: number, size: Dim): Dim[] {
  return shape.map((old, i) => (i === axis ? size : old))
}
