// Sizes of files as --max-shard-size takes them.
import { expect, test } from 'bun:test'
import { bytesIn } from '../../src/job/export/size.ts'

test('sizes are read as transformers reads them, anything else is none', () => {
  expect(['5GB', '500MB', '2.5 kb', '100000000'].map(bytesIn)).toEqual([5e9, 5e8, 2500, 1e8])
  for (const none of ['', 'GB', '5TB', '-1MB', '5G B']) expect(bytesIn(none)).toBeNaN()
})
