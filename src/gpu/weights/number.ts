// The number types weights are stored in, one row each: width in bytes, and how they become float32 or whole numbers and back.

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
  F16: { width: 2, floats: (buffer) => new Float32Array(new Float16Array(buffer)) },
  BF16: { width: 2, floats: fromBrain },
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
  F16: (values: Float32Array): Uint8Array => bytesOf(new Float16Array(values)),
  BF16: (values: Float32Array): Uint8Array => bytesOf(toBrain(values)),
}
export type FloatType = keyof typeof floatTypes

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

/** bfloat16 is the upper half of a float32. */
function fromBrain(buffer: Buffer): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(buffer)
  const words = new Uint32Array(halves.length)
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16
  return new Float32Array(words.buffer)
}

function toBrain(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < halves.length; i++) {
    const word = words[i]!
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    halves[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return halves
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
