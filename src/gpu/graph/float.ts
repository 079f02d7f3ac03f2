// The element types of weights and activations, and how each holds float32 values: rounded to nearest, ties to even.
import type { ArrayOf } from './tensor.ts'

interface Row<A extends ArrayBufferView> {
  encode(values: Float32Array): A
  decode(elements: A): Floats
}
type Floats = Float32Array<ArrayBuffer>

const rows: { [D in Float]: Row<ArrayOf<D>> } = {
  f32: { encode: own, decode: (elements) => elements },
  f16: {
    encode: (values) => new Uint16Array(new Float16Array(values).buffer),
    decode: ({ buffer, byteOffset, length }) => new Float32Array(new Float16Array(buffer, byteOffset, length)),
  },
  bf16: { encode: toBrain, decode: fromBrain },
}

/** A type that weights and activations can have. */
export type Float = 'f32' | 'f16' | 'bf16'

export const isFloat = (name: string): name is Float => Object.hasOwn(rows, name)

/** The elements of a tensor of that type which stand for these values; the array itself where they are float32. */
export function encode<D extends Float>(dtype: D, values: Float32Array): ArrayOf<D> {
  return rows[dtype].encode(values)
}

/** The values that elements of that type stand for; the array itself where they are float32. */
export function decode<D extends Float>(dtype: D, elements: ArrayOf<D>): Floats {
  return rows[dtype].decode(elements)
}

/** bfloat16 is the upper half of a float32. */
function fromBrain(halves: Uint16Array): Floats {
  const words = new Uint32Array(halves.length)
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16
  return new Float32Array(words.buffer)
}

function toBrain(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < halves.length; i++) {
    const word = words[i]!
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    halves[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return halves
}

/** The same values over memory that no other thread has. */
function own(values: Float32Array): Floats {
  return values.buffer instanceof ArrayBuffer ? (values as Floats) : new Float32Array(values)
}
