// Types of weights in GGUF files, one row each: their numbers in ggml and how float32 becomes them.
import { encode } from '../../graph/float.ts'

interface Row {
  /** ggml_type */
  id: number
  /** llama_ftype: what `general.file_type` says of a file that is mostly of this type. */
  file: number
  /** Values that are stored together: the columns of a matrix must be a multiple. */
  block: number
  /** Bytes of a block. */
  bytes: number
  /** The bytes of whole blocks. */
  encode: (values: Float32Array) => Uint8Array
}

export const ggufTypes = {
  f32: { id: 0, file: 0, block: 1, bytes: 4, encode: bytesOf },
  f16: { id: 1, file: 1, block: 1, bytes: 2, encode: (values) => bytesOf(encode('f16', values)) },
  bf16: { id: 30, file: 32, block: 1, bytes: 2, encode: (values) => bytesOf(encode('bf16', values)) },
  q8_0: { id: 8, file: 7, block: 32, bytes: 34, encode: q8 },
} satisfies Record<string, Row>
export type GgufType = keyof typeof ggufTypes

/** Blocks of a float16 scale, the largest magnitude over 127, and 32 whole numbers of it, halves away from zero (ggml's quantize_row_q8_0_ref). */
function q8(values: Float32Array): Uint8Array {
  const { block, bytes } = ggufTypes.q8_0
  const out = new Uint8Array((values.length / block) * bytes)
  const scales = new Float32Array(values.length / block)
  for (let b = 0; b < scales.length; b++) {
    let most = 0
    for (let i = 0; i < block; i++) most = Math.max(most, Math.abs(values[b * block + i]!))
    const scale = Math.fround(most / 127)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    scales[b] = scale
    for (let i = 0; i < block; i++) {
      const x = Math.fround(values[b * block + i]! * inverse)
      out[b * bytes + 2 + i] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5)
    }
  }
  const halves = bytesOf(encode('f16', scales))
  for (let b = 0; b < scales.length; b++) out.set(halves.subarray(2 * b, 2 * b + 2), b * bytes)
  return out
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
