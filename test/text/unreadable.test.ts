// What is said of a file that cannot be read: what is wrong once, and what to do.
import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readChunks } from '../../src/text/chunks.ts'
import { scratch } from '../scratch.ts'

test('a file that is not there is answered with the nearest name, or with where it was looked for; a folder with a file in it', async () => {
  const folder = scratch()
  mkdirSync(join(folder, 'set'))
  for (const name of ['rows.jsonl', 'set/notes.md', 'set/b.parquet']) writeFileSync(join(folder, name), 'x')
  const absent = 'Cannot read the file: there is no such file'
  const directory = 'Cannot read the file: it is a directory'
  for (const [name, message, hint] of [
    ['row.jsonl', absent, 'did you mean rows.jsonl?'],
    ['rows.json', absent, 'did you mean rows.jsonl?'],
    ['none.jsonl', absent, `looked for in ${folder}`],
    ['something else', absent, `looked for in ${folder}`],
    ['sets/b.parquet', absent, `there is no folder ${join(folder, 'sets')} in ${process.cwd()}`],
    ['set', directory, `name the file: ${join(folder, 'set', 'b.parquet')}`],
    ['.', directory, `name the file: ${join(folder, 'rows.jsonl')}`],
  ] as const) {
    const at = join(folder, name)
    await expect(Array.fromAsync(readChunks(at))).rejects.toMatchObject({ message, hint, at, exit: 2 })
  }
})
