// The number types weights are stored in, one row each: width in bytes, and how they become float32 or whole numbers and back.
import { decode, encode } from '../graph/float.ts'

type Buffer = ArrayBuffer
interface Row {
  width: number
  floats?: (buffer: Buffer) => Float32Array<ArrayBuffer>
  integers?: (buffer: Buffer) => number[]
}

/** Little-endian types by their safetensors name. */
export const storedTypes = {
  BOOL: { width: 1, integers: (buffer) => [...new Uint8Array(buffer)] },
  U8: { width: 1, integers: (buffer) => [...new Uint8Array(buffer)] },
  I8: { width: 1, integers: (buffer) => [...new Int8Array(buffer)] },
  F8_E5M2: { width: 1 },
  F8_E4M3: { width: 1 },
  U16: { width: 2, integers: (buffer) => [...new Uint16Array(buffer)] },
  I16: { width: 2, integers: (buffer) => [...new Int16Array(buffer)] },
  F16: { width: 2, floats: (buffer) => decode('f16', new Uint16Array(buffer)) },
  BF16: { width: 2, floats: (buffer) => decode('bf16', new Uint16Array(buffer)) },
  U32: { width: 4, integers: (buffer) => [...new Uint32Array(buffer)] },
  I32: { width: 4, integers: (buffer) => [...new Int32Array(buffer)] },
  F32: { width: 4, floats: (buffer) => new Float32Array(buffer) },
  U64: { width: 8, integers: (buffer) => Array.from(new BigUint64Array(buffer), Number) },
  I64: { width: 8, integers: (buffer) => Array.from(new BigInt64Array(buffer), Number) },
  F64: { width: 8, floats: (buffer) => new Float32Array(new Float64Array(buffer)) },
} satisfies Record<string, Row>
export type StoredType = keyof typeof storedTypes

/** Types hone writes weights in. Each gives the bytes of `values`, rounded to nearest, ties to even. */
export const floatTypes = {
  /** Shares the memory of `values`. */
  F32: (values: Float32Array): Uint8Array => bytesOf(values),
  F16: (values: Float32Array): Uint8Array => bytesOf(encode('f16', values)),
  BF16: (values: Float32Array): Uint8Array => bytesOf(encode('bf16', values)),
}
export type FloatType = keyof typeof floatTypes

/** True where no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  // One more in an exponent of ones carries into the sign: an OR over integers instead of a test per value.
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  let [even, odd] = [0, 0]
  for (let i = 0; i + 1 < bits.length; i += 2) {
    even |= (bits[i]! & 0x7fffffff) + 0x800000
    odd |= (bits[i + 1]! & 0x7fffffff) + 0x800000
  }
  const last = ((bits[bits.length - 1] ?? 0) & 0x7fffffff) + 0x800000
  return (even | odd | last) >= 0
}

export function isStoredType(name: string): name is StoredType {
  return Object.hasOwn(storedTypes, name)
}

export function isFloatType(name: string): name is FloatType {
  return Object.hasOwn(floatTypes, name)
}

/** The row of a type, with what it cannot do left undefined. */
export function storedType(name: StoredType): Row {
  return storedTypes[name]
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
