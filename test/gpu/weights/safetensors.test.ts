// Safetensors: what is written is read back, and no hostile file is believed.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openSafetensors, writeSafetensors } from '../../../src/gpu/weights/safetensors.ts'

const dir = mkdtempSync(join(tmpdir(), 'hone-safetensors-'))
afterAll(() => rmSync(dir, { recursive: true }))

const shapes = [[2, 3], [1], [0], []]
const values = (shape: number[]) => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i - 0.5)

test('tensors come back with their names, shapes and values, from a header whose data start at a multiple of eight', () => {
  const path = join(dir, 'good.safetensors')
  writeSafetensors(
    path,
    shapes.map((shape, i) => ({ name: `t${i}`, type: 'F32' as const, shape, read: () => values(shape) })),
    { made: 'here' },
  )
  const file = openSafetensors(path)
  expect(file.metadata).toEqual({ made: 'here' })
  expect([...file.entries.values()].map((entry) => entry.shape)).toEqual(shapes)
  shapes.forEach((shape, i) => expect(file.floats(`t${i}`)).toEqual(values(shape)))
  expect(readFileSync(path).readBigUInt64LE() % 8n).toBe(0n)
  file.close()
})

test('sixteen-bit types round to the nearest value, ties to even', () => {
  const cases: [number, number, number][] = [
    // value, bfloat16, float16
    [1, 1, 1],
    [1 + 2 ** -8, 1, 1 + 2 ** -8],
    [1 + 3 * 2 ** -8, 1 + 2 ** -6, 1 + 3 * 2 ** -8],
    [1 + 2 ** -11, 1, 1],
    [-65504, -65536, -65504],
    [1e30, 1.0002555517425873e30, Infinity],
    [Infinity, Infinity, Infinity],
    [NaN, NaN, NaN],
  ]
  const floats = Float32Array.from(cases, ([value]) => value)
  const round = (type: 'BF16' | 'F16') => {
    const path = join(dir, `${type}.safetensors`)
    writeSafetensors(path, [{ name: 'x', type, shape: [cases.length], read: () => floats }])
    const file = openSafetensors(path)
    const read = [...file.floats('x')]
    file.close()
    return read
  }
  expect(round('BF16')).toEqual(cases.map(([, brain]) => brain))
  expect(round('F16')).toEqual(cases.map(([, , half]) => half))
})

test('whole numbers and booleans are read as numbers', () => {
  const path = raw('integers', { i: entry('I64', [2], 0, 16), b: entry('BOOL', [2], 16, 18) }, 18, (data) => {
    data.writeBigInt64LE(-7n, 0)
    data.writeBigInt64LE(2n ** 40n, 8)
    data[16] = 1
  })
  const file = openSafetensors(path)
  expect(file.integers('i')).toEqual([-7, 2 ** 40])
  expect(file.integers('b')).toEqual([1, 0])
  expect(() => file.floats('i')).toThrow("tensor 'i' is I64, not floating-point numbers")
  expect(() => file.floats('none')).toThrow("it holds no tensor 'none'")
  file.close()
})

const hostile: [what: string, path: () => string, message: string][] = [
  ['an absent file', () => join(dir, 'absent'), 'there is no such file'],
  ['a folder', () => dir, 'Cannot read'],
  ['an empty file', () => bytes('empty', Buffer.alloc(0)), 'truncated'],
  ['a header longer than the limit', () => bytes('long', length(100_000_001n)), 'its header claims 100000001 bytes'],
  ['a header length beyond 2^63', () => bytes('huge', length(2n ** 64n - 1n)), 'its header claims'],
  ['a header cut short', () => bytes('short', Buffer.concat([length(40n), Buffer.from('{')])), 'truncated'],
  ['a header that is no JSON', () => text('nojson', '{"a": '), 'not a JSON object'],
  ['a header that is a list', () => text('list', '[]'), 'not a JSON object'],
  [
    'a header that is not UTF-8',
    () => bytes('utf8', Buffer.concat([length(2n), Buffer.from([0xc3, 0x28])])),
    'not a JSON object',
  ],
  ['metadata that are not text', () => text('meta', '{"__metadata__": {"a": 1}}'), '__metadata__'],
  ['an entry without offsets', () => text('entry', '{"a": {"dtype": "F32", "shape": [1]}}'), "'a' is malformed"],
  ['a negative offset', () => raw('negative', { a: entry('F32', [1], -4, 0) }, 4), "'a' is malformed"],
  ['a fractional shape', () => raw('fraction', { a: entry('F32', [1.5], 0, 6) }, 6), "'a' is malformed"],
  ['an unknown type', () => raw('type', { a: entry('F31', [1], 0, 4) }, 4), "unknown type 'F31'"],
  ['a shape that does not fit', () => raw('fit', { a: entry('F32', [2], 0, 4) }, 4), 'does not fit its offsets 0..4'],
  [
    'a shape that overflows',
    () => raw('overflow', { a: entry('F32', [2 ** 50, 2 ** 50], 0, 4) }, 4),
    'does not fit its offsets',
  ],
  [
    'overlapping tensors',
    () => raw('overlap', { a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) }, 8),
    "'b' overlaps",
  ],
  [
    'two tensors in one place',
    () => raw('same', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 0, 4) }, 4),
    "'b' overlaps",
  ],
  [
    'a gap',
    () => raw('gap', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, 12),
    "a gap of 4 bytes before tensor 'b'",
  ],
  ['a gap at the start', () => raw('start', { a: entry('F32', [1], 4, 8) }, 8), 'a gap of 4 bytes'],
  ['data cut short', () => raw('cut', { a: entry('F32', [2], 0, 8) }, 5), 'truncated'],
  [
    'bytes after the last tensor',
    () => raw('after', { a: entry('F32', [1], 0, 4) }, 9),
    '5 bytes follow its last tensor',
  ],
]
for (const [what, path, message] of hostile)
  test(`${what} is refused, by file name`, () => {
    expect(() => openSafetensors(path())).toThrow(message)
    expect(() => openSafetensors(path())).toThrow(expect.objectContaining({ at: path(), exit: 2 }))
  })

test('no header makes the reader throw anything but its own error', () => {
  const json = fc.record({
    dtype: fc.constantFrom('F32', 'I8', '?'),
    shape: fc.array(fc.nat(5)),
    data_offsets: fc.tuple(fc.nat(20), fc.nat(20)),
  })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(json, fc.jsonValue())), fc.nat(24), (header, size) => {
      const path = raw('any', header, size)
      try {
        openSafetensors(path).close()
      } catch (error) {
        expect(error).toHaveProperty('name', 'HoneError')
      }
    }),
  )
})

test('a write that fails leaves the old file and nothing beside it', () => {
  const path = join(dir, 'kept.safetensors')
  writeSafetensors(path, [{ name: 'x', type: 'F32', shape: [1], read: () => new Float32Array([1]) }])
  const before = readFileSync(path)
  const failing = {
    name: 'y',
    type: 'F32' as const,
    shape: [1],
    read: () => {
      throw new Error('no room')
    },
  }
  expect(() => writeSafetensors(path, [failing])).toThrow('Cannot write')
  expect(() => writeSafetensors(join(dir, 'no', 'such', 'folder'), [])).toThrow('Cannot write')
  expect(readFileSync(path)).toEqual(before)
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

function entry(dtype: string, shape: number[], start: number, end: number) {
  return { dtype, shape, data_offsets: [start, end] }
}

function length(of: bigint): Buffer {
  const eight = Buffer.alloc(8)
  eight.writeBigUInt64LE(of)
  return eight
}

function bytes(name: string, content: Buffer): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

function text(name: string, header: string): string {
  return bytes(name, Buffer.concat([length(BigInt(Buffer.byteLength(header))), Buffer.from(header)]))
}

function raw(name: string, header: object, size: number, fill?: (data: Buffer) => void): string {
  const json = Buffer.from(JSON.stringify(header))
  const data = Buffer.alloc(size)
  fill?.(data)
  return bytes(name, Buffer.concat([length(BigInt(json.length)), json, data]))
}
