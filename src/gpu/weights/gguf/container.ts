// GGUF files, version 3: what a model is, then its tensors (ggml/docs/gguf.md). Written beside, then renamed.
import { writeSync } from 'node:fs'
import { HoneError } from '../../../error.ts'
import { openBeside } from '../../../text/beside.ts'
import { ggufTypes, type GgufType } from './types.ts'

/** A value of the metadata, by its type there. */
export type GgufValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { texts: readonly string[] }
  | { i32s: readonly number[] }

export interface GgufTensor {
  name: string
  type: GgufType
  /** Rows first, as everywhere else; GGUF lists the columns first. */
  shape: readonly number[]
  /** Called once, when its turn to be written comes. */
  read(): Float32Array
}

/** Numbers of the types in the file. */
const [I32, U32, F32, BOOL, TEXT, ARRAY] = [5, 4, 6, 7, 8, 9]
const VERSION = 3
/** Where a tensor may begin. */
const ALIGNMENT = 32

/** @throws HoneError where the disk refuses. */
export function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): void {
  const head = buffer()
  head.bytes(Buffer.from('GGUF'))
  head.u32(VERSION)
  head.u64(tensors.length)
  head.u64(Object.keys(metadata).length)
  for (const [key, value] of Object.entries(metadata)) {
    head.text(key)
    writeValue(head, value)
  }
  let offset = 0
  for (const { name, type, shape } of tensors) {
    head.text(name)
    head.u32(shape.length)
    for (const size of shape.toReversed()) head.u64(size)
    head.u32(ggufTypes[type].id)
    head.u64(offset)
    offset += aligned(sizeOf(type, shape))
  }
  const beside = openBeside(path)
  try {
    const start = head.done()
    writeAll(beside.file, start)
    writeAll(beside.file, new Uint8Array(aligned(start.length) - start.length))
    for (const { type, shape, read } of tensors) {
      writeAll(beside.file, ggufTypes[type].encode(read()))
      const size = sizeOf(type, shape)
      writeAll(beside.file, new Uint8Array(aligned(size) - size))
    }
    beside.commit()
  } catch (cause) {
    beside.discard()
    if (cause instanceof HoneError) throw cause
    throw new HoneError(`Cannot write the model: ${cause instanceof Error ? cause.message : String(cause)}`, {
      at: path,
      cause,
    })
  }
}

function writeValue(to: ReturnType<typeof buffer>, value: GgufValue): void {
  const array = (type: number, count: number) => {
    to.u32(ARRAY)
    to.u32(type)
    to.u64(count)
  }
  if ('u32' in value) {
    to.u32(U32)
    to.u32(value.u32)
  } else if ('f32' in value) {
    to.u32(F32)
    to.bytes(Buffer.from(Float32Array.of(value.f32).buffer))
  } else if ('bool' in value) {
    to.u32(BOOL)
    to.bytes(Uint8Array.of(Number(value.bool)))
  } else if ('text' in value) {
    to.u32(TEXT)
    to.text(value.text)
  } else if ('texts' in value) {
    array(TEXT, value.texts.length)
    value.texts.forEach(to.text)
  } else {
    array(I32, value.i32s.length)
    to.bytes(Buffer.from(Int32Array.from(value.i32s).buffer))
  }
}

const sizeOf = (type: GgufType, shape: readonly number[]): number => {
  const { block, bytes } = ggufTypes[type]
  return (shape.reduce((a, b) => a * b, 1) / block) * bytes
}
const aligned = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT

/** Bytes that are added up; numbers little-endian. */
function buffer() {
  const parts: Uint8Array[] = []
  const u64 = (value: number) => parts.push(Buffer.from(BigUint64Array.of(BigInt(value)).buffer))
  return {
    bytes: (value: Uint8Array) => void parts.push(value),
    u32: (value: number) => void parts.push(Buffer.from(Uint32Array.of(value).buffer)),
    u64: (value: number) => void u64(value),
    text: (value: string) => {
      const bytes = Buffer.from(value, 'utf8')
      u64(bytes.length)
      parts.push(bytes)
    },
    done: () => Buffer.concat(parts),
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30))
}
