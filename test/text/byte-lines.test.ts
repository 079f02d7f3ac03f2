// Blocks of whole lines: whatever the size of the lines, every byte comes once and in order.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readByteBlocks } from '../../src/text/byte-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-bytes-'))
afterAll(() => rmSync(folder, { recursive: true }))

const whole = async (path: string): Promise<string> => {
  let text = ''
  for await (const block of readByteBlocks(path)) {
    expect(block.at(-1)).toBe(0x0a)
    text += block.toString('utf8')
  }
  return text
}

test.each([
  ['short lines', '{"a":1}\n'.repeat(100_000)],
  ['a line longer than any block', '{"a":"' + 'é'.repeat(1_000_000) + '"}\n{}\n'],
  ['no line end at the end', '{"a":1}\n{"b":2}'],
  ['empty lines', '\n\n{}\n\n'],
])('%s come back as they were, compressed or not', async (name, text) => {
  const expected = text.endsWith('\n') ? text : text + '\n'
  writeFileSync(join(folder, 'plain'), text)
  writeFileSync(join(folder, 'packed'), gzipSync(text))
  expect([name, (await whole(join(folder, 'plain'))) === expected]).toEqual([name, true])
  expect([name, (await whole(join(folder, 'packed'))) === expected]).toEqual([name, true])
})

test('an empty file has no block', async () => {
  writeFileSync(join(folder, 'empty'), '')
  expect(await whole(join(folder, 'empty'))).toBe('')
})
