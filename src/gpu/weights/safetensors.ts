// Safetensors files: a lazy reader that checks the header before it believes it, and a streaming writer that renames at the end.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { openBeside, type Beside } from '../../text/beside.ts'
import { requireFile } from '../../text/whole.ts'
import { type FloatType, type StoredType, floatTypes, isStoredType, storedType } from './number.ts'

export interface Entry {
  name: string
  type: StoredType
  shape: readonly number[]
  /** Byte range in the file. */
  start: number
  end: number
}

export interface Safetensors {
  path: string
  entries: ReadonlyMap<string, Entry>
  metadata: Readonly<Record<string, string>>
  /** The bytes of one tensor as they lie there. */
  bytes(name: string): Uint8Array<ArrayBuffer>
  /** F32, F16, BF16 or F64 as float32. */
  floats(name: string): Float32Array<ArrayBuffer>
  /** Whole numbers and booleans, as numbers: 64-bit ones beyond 2^53 lose digits. */
  integers(name: string): number[]
  close(): void
}

/** What goes into a file. `read` is called once, when its turn to be written comes. */
export interface Stored {
  name: string
  type: FloatType
  shape: readonly number[]
  read(): Float32Array
}

/** As the reference implementation: a longer header is an attack or a mistake. */
const LONGEST_HEADER = 100_000_000

const Info = v.strictObject({
  dtype: v.string(),
  shape: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  data_offsets: v.tuple([
    v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  ]),
})

/** Open the file and check its header; no tensor is read yet. Throws HoneError naming the file. */
export function openSafetensors(path: string): Safetensors {
  const file = open(path)
  try {
    const { entries, metadata } = readHeader(path, file, fstatSync(file).size)
    const entry = (name: string) => {
      const found = entries.get(name)
      if (!found) throw new HoneError(`Cannot read the tensors: it holds no tensor '${name}'`, { at: path })
      return found
    }
    const bytes = (name: string) => {
      const { start, end } = entry(name)
      return readRange(path, file, start, end)
    }
    return {
      path,
      entries,
      metadata,
      bytes,
      floats: (name) =>
        storedType(entry(name).type).floats?.(bytes(name).buffer) ??
        refuse(path, entry(name), 'floating-point numbers'),
      integers: (name) =>
        storedType(entry(name).type).integers?.(bytes(name).buffer) ?? refuse(path, entry(name), 'whole numbers'),
      close: () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    if (error instanceof HoneError) throw error
    throw new HoneError(`Cannot read the tensors: ${reason(error)}`, { at: path, cause: error })
  }
}

/** Write the tensors in the order given, one at a time, beside `path`, then rename. Nothing half-written remains. */
export function writeSafetensors(
  path: string,
  tensors: readonly Stored[],
  metadata: Record<string, string> = { format: 'pt' },
): void {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let end = 0
  for (const { name, type, shape } of tensors) {
    const start = end
    end += shape.reduce((a, b) => a * b, 1) * storedType(type).width
    header[name] = { dtype: type, shape, data_offsets: [start, end] }
  }
  const json = Buffer.from(JSON.stringify(header))
  // The reference writer pads with spaces so that the data start at a multiple of eight.
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  let beside: Beside | undefined
  try {
    beside = openBeside(path)
    writeAll(beside.file, length)
    writeAll(beside.file, text)
    for (const { type, read } of tensors) writeAll(beside.file, floatTypes[type](read()))
    beside.commit()
  } catch (cause) {
    beside?.discard()
    if (cause instanceof HoneError) throw cause
    throw new HoneError(`Cannot write the tensors: ${reason(cause)}`, { at: path, cause })
  }
}

function readHeader(path: string, file: number, size: number) {
  const wrong = (what: string) =>
    new HoneError(`Cannot read the tensors: ${what}`, { at: path, hint: 'fetch or save the file again' })
  if (size < 8) throw wrong(`it is truncated: ${size} bytes are no safetensors file`)
  const said = Buffer.from(readRange(path, file, 0, 8)).readBigUInt64LE()
  if (said > BigInt(LONGEST_HEADER)) throw wrong(`its header claims ${said} bytes, more than ${LONGEST_HEADER}`)
  const data = 8 + Number(said)
  if (data > size) throw wrong(`it is truncated: the header needs ${data} bytes, the file has ${size}`)
  const json = parse(readRange(path, file, 8, data))
  if (json === undefined) throw wrong('its header is not a JSON object')
  const { __metadata__: metadata = {}, ...rest } = json
  const note = v.safeParse(v.record(v.string(), v.string()), metadata)
  if (!note.success) throw wrong('its __metadata__ is not a map of text to text')

  const entries: Entry[] = Object.entries(rest).map(([name, info]) => {
    const parsed = v.safeParse(Info, info)
    if (!parsed.success) throw wrong(`the header entry of '${name}' is malformed: ${parsed.issues[0].message}`)
    const { dtype, shape, data_offsets } = parsed.output
    if (!isStoredType(dtype)) throw wrong(`tensor '${name}' has the unknown type '${dtype}'`)
    const [start, end] = data_offsets
    const bytes = shape.reduce((a, b) => a * b, 1) * storedType(dtype).width
    if (!Number.isSafeInteger(bytes) || end - start !== bytes)
      throw wrong(
        `tensor '${name}' of shape [${shape.join(', ')}] and type ${dtype} does not fit its offsets ${start}..${end}`,
      )
    return { name, type: dtype, shape, start: data + start, end: data + end }
  })
  let reached = data
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < reached) throw wrong(`tensor '${name}' overlaps the one before it`)
    if (start > reached) throw wrong(`there is a gap of ${start - reached} bytes before tensor '${name}'`)
    reached = end
  }
  if (reached > size) throw wrong(`it is truncated: its tensors need ${reached} bytes, the file has ${size}`)
  if (reached < size) throw wrong(`${size - reached} bytes follow its last tensor`)
  return { entries: new Map(entries.map((entry) => [entry.name, entry])), metadata: note.output }
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const object = v.safeParse(v.record(v.string(), v.unknown()), json)
    return object.success && !Array.isArray(json) ? object.output : undefined
  } catch {
    return undefined
  }
}

function refuse(path: string, { name, type }: Entry, wanted: string): never {
  throw new HoneError(`Cannot read the tensors: tensor '${name}' is ${type}, not ${wanted}`, { at: path })
}

function open(path: string): number {
  requireFile(path, 'Cannot read the tensors')
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new HoneError(`Cannot read the tensors: ${reason(cause)}`, { at: path, cause })
  }
}

function readRange(path: string, file: number, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start)
  for (let done = 0; done < bytes.length;) {
    const got = readSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), start + done)
    if (got === 0) throw new HoneError(`Cannot read the tensors: it ended while being read`, { at: path })
    done += got
  }
  return bytes
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30))
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause ? cause.code : undefined
  return code === 'ENOENT' ? 'there is no such file or folder' : cause.message
}
