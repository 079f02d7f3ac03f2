// Rows of parquet where rows of lines are expected: those that preparation makes of them.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { openVerl } from '../../src/data/formats/verl.ts'
import { readRows, readRowValues, readValues } from '../../src/data/rows.ts'
import { promptForms } from '../../src/dialogue/prompt.ts'
import { recogniseFile } from '../../src/lint/pieces.ts'
import { taskRows } from '../cmd/tiny-model.ts'
import { scratch } from '../scratch.ts'

/** A file whose columns hold JSON. */
function parquet(rows: readonly Record<string, unknown>[]): string {
  const path = join(scratch(), 'rows.parquet')
  const columnData = Object.keys(rows[0]!).map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    type: typeof rows[0]![name] === 'string' ? ('STRING' as const) : ('JSON' as const),
  }))
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData })))
  return path
}

test("hone's own rows keep their columns, without the nulls that Arrow fills in", async () => {
  const rows = taskRows(3).map((row) => ({ ...row, ground_truth: 'x' }))
  const filled = rows.map((row) => ({
    ...row,
    messages: row.messages.map((message) => ({ ...message, tool_calls: null })),
    answer: row.answer.map((call) => ({ ...call, arguments: { ...call.arguments, of_another_tool: null } })),
    env: null,
  }))
  const path = parquet(filled)
  const read = (await Array.fromAsync(readRowValues(path))).map(({ value }) => value)
  expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(rows)))
  expect(await recogniseFile(path)).toEqual({ container: 'parquet', from: 'hone' })
})

test("rows of another source are those that hone prep makes, and a bad one of hone's own is named by its number", async () => {
  const path = join(scratch(), 'verl.parquet')
  const writer = openVerl(path, promptForms['tool-n1'], 'train')
  for (const row of taskRows(3)) writer.write(row)
  writer.commit()
  expect((await Array.fromAsync(readRows(path))).map(({ answer }) => answer)).toEqual(
    taskRows(3).map(({ answer }) => answer),
  )
  const [first, second] = taskRows(2)
  const bad = parquet([{ ...first! }, { ...second!, answer: 'none' }])
  await expect(Array.fromAsync(readRows(bad))).rejects.toMatchObject({ at: `${bad}:2` })
})

test('rows of no source that is known go on as they are', async () => {
  const pairs = [{ prompt: '1+1=', completion: '2' }]
  const path = parquet(pairs)
  for (const read of [readValues, readRowValues])
    expect(await Array.fromAsync(read(path))).toEqual([{ line: 1, value: pairs[0]! }])
})
