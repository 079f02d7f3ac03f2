// Lines out of bytes: whatever their size, every one comes once and in order; parts of a file together are the file.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { cutFile, type Part } from '../../src/text/chunks.ts'
import { readLineBlocks } from '../../src/text/lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const linesOf = async (path: string, part?: Part): Promise<string[]> => {
  const all: string[] = []
  for await (const { first, texts } of readLineBlocks(path, { part })) {
    expect(first).toBe(all.length + 1)
    all.push(...texts)
  }
  return all
}

test('a line that goes on without end, as a small compressed file can hold, is refused where it stands', async () => {
  const path = join(folder, 'bomb.zst')
  const block = new Uint8Array(2 ** 24)
  writeFileSync(path, Buffer.concat([zstdCompressSync('{}\n'), ...Array(24).fill(zstdCompressSync(block))]))
  await expect(linesOf(path)).rejects.toMatchObject({
    at: `${path}:2`,
    message: expect.stringContaining('goes on for more than'),
  })
})

test.each([
  ['short lines', '{"a":1}\n'.repeat(200_000)],
  ['a line longer than any block', '{"a":"' + 'é'.repeat(1_000_000) + '"}\n{}\n'],
  ['no line end at the end', '{"a":1}\n{"b":2}'],
  ['empty lines', '\n\n{}\n\n'],
  ['nothing', ''],
])('%s come as they are, compressed, whole or in parts', async (name, text) => {
  const expected = text
    .replace(/\n$/, '')
    .split('\n')
    .slice(text === '' ? 1 : 0)
  const [plain, packed] = [join(folder, 'plain'), join(folder, 'packed')]
  writeFileSync(plain, text)
  writeFileSync(packed, gzipSync(text))
  expect([name, Bun.deepEquals(await linesOf(plain), expected)]).toEqual([name, true])
  expect([name, Bun.deepEquals(await linesOf(packed), expected)]).toEqual([name, true])
  const parts = cutFile(plain, 4)
  expect([parts[0]?.start ?? 0, parts.at(-1)?.end ?? 0]).toEqual([0, Buffer.byteLength(text)])
  const inParts: string[] = []
  for (const part of parts) inParts.push(...(await linesOf(plain, part)))
  expect([name, Bun.deepEquals(inParts, expected)]).toEqual([name, true])
})

test('a compressed file and standard input have no parts', () => {
  writeFileSync(join(folder, 'packed'), gzipSync('{}\n'.repeat(100)))
  expect(cutFile(join(folder, 'packed'), 4)).toEqual([])
  expect(cutFile('-', 4)).toEqual([])
})

test('a byte order mark is cut unless it is asked for', async () => {
  const path = join(folder, 'marked')
  writeFileSync(path, '\ufeff{}\n')
  expect(await Array.fromAsync(readLineBlocks(path))).toEqual([{ first: 1, texts: ['{}'] }])
  expect(await Array.fromAsync(readLineBlocks(path, { keepMark: true }))).toEqual([{ first: 1, texts: ['\ufeff{}'] }])
})
