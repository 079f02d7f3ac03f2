// Element types of tensors: ONNX code, size in bytes, and the typed array that holds them on the host.

/** Every element type a tensor can have. `code` is ONNX TensorProto.DataType; float16 and bfloat16 are held as their bits. */
export const dtypes = {
  f32: { code: 1, bytes: 4, array: Float32Array },
  u8: { code: 2, bytes: 1, array: Uint8Array },
  i8: { code: 3, bytes: 1, array: Int8Array },
  i32: { code: 6, bytes: 4, array: Int32Array },
  i64: { code: 7, bytes: 8, array: BigInt64Array },
  bool: { code: 9, bytes: 1, array: Uint8Array },
  f16: { code: 10, bytes: 2, array: Uint16Array },
  f64: { code: 11, bytes: 8, array: Float64Array },
  bf16: { code: 16, bytes: 2, array: Uint16Array },
} as const

export type DType = keyof typeof dtypes
/** The typed array that holds elements of type `D` on the host. */
export type ArrayOf<D extends DType> = InstanceType<(typeof dtypes)[D]['array']>
export type TypedArray = ArrayOf<DType>
export type Shape = readonly number[]

/** Number of elements of a shape; 1 for a scalar (`[]`). */
export function elements(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** An array of `count` zeros. */
export function emptyArray<D extends DType>(dtype: D, count: number): ArrayOf<D> {
  return new dtypes[dtype].array(count) as ArrayOf<D>
}

/** The elements in `bytes` bytes of `buffer` from `offset` (a multiple of the element size), without a copy. */
export function viewAs<D extends DType>(dtype: D, buffer: ArrayBuffer, offset: number, bytes: number): ArrayOf<D> {
  const View = dtypes[dtype].array
  return new View(buffer, offset, bytes / dtypes[dtype].bytes) as ArrayOf<D>
}
