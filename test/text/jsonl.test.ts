// Reading and writing lines of JSON.
import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HoneError } from '../../src/error.ts'
import { openWriter, readRecords } from '../../src/text/jsonl.ts'
import { readLines } from '../../src/text/lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-jsonl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const failure = async (work: () => Promise<unknown>): Promise<HoneError> => {
  const error = await work().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof HoneError) return error
  throw error ?? new Error('nothing was thrown')
}

test('plain, gzip and Zstandard files give the same numbered lines', async () => {
  const text = '\ufeff{"a":1}\r\n\n"é"\n[3]'
  const expected = [
    { line: 1, text: '{"a":1}' },
    { line: 2, text: '' },
    { line: 3, text: '"é"' },
    { line: 4, text: '[3]' },
  ]
  for (const [name, bytes] of Object.entries({
    'a.jsonl': Buffer.from(text),
    'a.jsonl.gz': gzipSync(text),
    'a.jsonl.zst': zstdCompressSync(text),
  })) {
    expect(await Array.fromAsync(readLines(file(name, bytes)))).toEqual(expected)
  }
})

test('lines longer than a chunk and characters across chunks stay whole', async () => {
  const long = '€'.repeat(300_000)
  const path = file('long.jsonl', `${long}\n${long}x\n`)
  const lines = await Array.fromAsync(readLines(path))
  expect(lines.map(({ text }) => text)).toEqual([long, `${long}x`])
})

test('malformed JSON names file, line and column', async () => {
  const path = file('bad.jsonl', '{"a":1}\n\n{"a" 1}\n')
  const error = await failure(() => Array.fromAsync(readRecords(path)))
  expect(error.at?.startsWith(`${path}:3:`)).toBe(true)
  expect(error.exit).toBe(2)
})

test('an absent file, a folder, an empty file and a truncated archive are errors with exit code 2', async () => {
  const cut = gzipSync('{"a":1}\n'.repeat(1000)).subarray(0, 40)
  for (const path of [join(folder, 'absent'), folder, file('empty.jsonl', ''), file('cut.gz', cut)]) {
    expect((await failure(() => Array.fromAsync(readRecords(path)))).exit).toBe(2)
  }
})

test('a file appears whole or not at all', async () => {
  const path = join(folder, 'out.jsonl')
  const writer = openWriter(path)
  for (let i = 0; i < 20_000; i++) writer.write(String(i))
  expect(existsSync(path)).toBe(false)
  writer.discard()
  expect(existsSync(`${path}.tmp`)).toBe(false)
  const again = openWriter(path)
  for (const line of ['1', '2']) again.write(line)
  again.commit()
  again.discard()
  expect(readFileSync(path, 'utf8')).toBe('1\n2\n')
  expect((await failure(async () => openWriter(join(folder, 'no', 'such', 'x')))).exit).toBe(2)
})
