// Damaged parquet: an error with what is wrong, whatever the decoder does with it.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openVerl } from '../../src/data/formats/verl.ts'
import { readParquet } from '../../src/data/parquet.ts'
import { promptForms } from '../../src/dialogue/prompt.ts'
import { taskRows } from '../cmd/tiny-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-parquet-'))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'rows.parquet')
const writer = openVerl(path, promptForms['tool-n1'], 'train')
for (const row of taskRows(3)) writer.write(row)
writer.commit()
const sound = Uint8Array.from(readFileSync(path))

/** How many rows are read, or what is wrong. */
async function read(bytes: Uint8Array, patience = 60_000): Promise<number | string> {
  const once = (async function* () {
    yield bytes
  })()
  try {
    return (await Array.fromAsync(readParquet(path, once, () => patience))).length
  } catch (error) {
    return String(error)
  }
}

/** The file with another byte after the first `text`. */
function changed(text: string, byte: number): Uint8Array {
  const bytes = sound.slice()
  bytes[Buffer.from(bytes).indexOf(text, 0, 'latin1') + text.length] = byte
  return bytes
}

test('a file that keeps the decoder busy for ever ends in an error', async () => {
  expect(await read(sound)).toBe(3)
  // extra_info says that it has −6 members.
  expect(await read(changed('extra_info\x15', 0x0b), 500)).toBe(
    'HoneError: Cannot read parquet: a row group takes more than 0.5 s',
  )
})

test('a file that holds other rows than its index says is refused', async () => {
  // The number of all rows follows the schema, whose last text is the name "split".
  expect(await read(changed('split%\x00L\x1c\x00\x00\x00\x16', 2))).toBe(
    'HoneError: Cannot read parquet: it says 1 rows, its row groups 3',
  )
})
