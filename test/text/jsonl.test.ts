// Reading and writing lines of JSON.
import { afterAll, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HoneError } from '../../src/error.ts'
import { openWriter, readRecords, writeFileAtomic } from '../../src/text/jsonl.ts'
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

test('two processes that write one file at once both succeed, and neither writes into a file that another put there', () => {
  const path = join(folder, 'both.jsonl')
  const [one, other] = [openWriter(path), openWriter(path)]
  one.write('1')
  other.write('2')
  one.commit()
  expect(readFileSync(path, 'utf8')).toBe('1\n')
  other.commit()
  expect(readFileSync(path, 'utf8')).toBe('2\n')

  const victim = file('victim', 'mine')
  for (const plant of [symlinkSync, linkSync]) {
    plant(victim, `${path}.tmp`)
    writeFileAtomic(path, '3')
    const writer = openWriter(path)
    writer.write('4')
    writer.commit()
    expect([readFileSync(victim, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['mine', '4\n'])
    rmSync(`${path}.tmp`)
  }
  // What a killed process left is used again.
  writeFileSync(`${path}.tmp`, 'a much longer text')
  writeFileAtomic(path, '5')
  expect(readFileSync(path, 'utf8')).toBe('5')
  expect(readdirSync(folder).filter((name) => name.startsWith('both'))).toEqual(['both.jsonl'])
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

test('a file that holds its rows otherwise than one a line is refused with what it holds, and how to turn it into lines', async () => {
  const rows = [{ a: 1 }, { a: 2 }]
  const texts = {
    'one JSON array': [JSON.stringify(rows), JSON.stringify(rows, null, 2), `\ufeff\n  [{"a": 1},\n{"a": 2}]`],
    'JSON over several lines': [JSON.stringify(rows[0], null, 2), JSON.stringify({ rows }, null, 2)],
    'one JSON list in an object': [JSON.stringify({ data: rows })],
  }
  for (const [holds, each] of Object.entries(texts))
    for (const text of each) {
      const path = file('whole.json', text)
      const { message, hint } = await failure(() => Array.fromAsync(readRecords(path)))
      expect(message).toContain(holds)
      expect(hint).toContain('hone prep')
    }
  // A row that is no object, or cut short, is the row's fault.
  const path = file('lines.jsonl', '{"a": 1}\n[1]\n{"data": [1')
  expect((await failure(() => Array.fromAsync(readRecords(path)))).at).toBe(`${path}:3:12`)
})

test('a byte order mark where one file was put behind another is no part of the row', async () => {
  const rows = await Array.fromAsync(readRecords(file('both.jsonl', '\ufeff{"a": 1}\n\ufeff{"a": 2}\n')))
  expect(rows.map(({ value }) => value)).toEqual([{ a: 1 }, { a: 2 }])
})

test('what is in another encoding or packed otherwise is named', async () => {
  const text = '{"a": 1}\n'
  const utf16 = Buffer.from(text, 'utf16le')
  const files = {
    'UTF-16': [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), Buffer.from(utf16).swap16(), utf16],
    'a zip archive': [Buffer.from('PK\x03\x04 …')],
    'xz data': [Buffer.from('fd377a585a00', 'hex')],
  }
  for (const [what, each] of Object.entries(files))
    for (const bytes of each) {
      const names = [file('foreign.jsonl', bytes), file('foreign.jsonl.gz', gzipSync(bytes))]
      for (const path of names)
        expect((await failure(() => Array.fromAsync(readRecords(path)))).message).toContain(`it is ${what}`)
    }
})

test('a device is written to, never replaced', () => {
  const writer = openWriter('/dev/null')
  writer.write('{}')
  writer.commit()
  writer.discard()
  writeFileAtomic('/dev/null', '{}')
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
})

test('parquet where lines are expected is called by its name, with the command that makes lines of it', async () => {
  const path = file('rows.parquet', Buffer.from('PAR1\xff\xfe\n...', 'latin1'))
  expect(await failure(() => Array.fromAsync(readRecords(path)))).toMatchObject({
    message: 'Cannot read rows: the file is parquet, expected a row on each line',
    at: path,
    hint: `\`hone prep ${path} -o rows.jsonl\` makes lines of it`,
  })
})
