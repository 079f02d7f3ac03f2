// The elements of a list that comes in pieces: the same ones with the same places, wherever it is cut.
import { expect, test } from 'bun:test'
import { readElements } from '../../src/data/elements.ts'

async function elements(text: string, size: number) {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return await Array.fromAsync(readElements(chunks()))
}

test.each([1, 2, 3, 7, 1000])('cut into chunks of %i bytes', async (size) => {
  const text = '\ufeff [{"a": "[,]\\"}", "é": [1, {"b": []}]},\n  12 ,"x\\\\",\n\n[[]],null]\n'
  expect(await elements(text, size)).toEqual([
    { line: 1, column: 3, text: '{"a": "[,]\\"}", "é": [1, {"b": []}]}' },
    { line: 2, column: 3, text: '12 ' },
    { line: 2, column: 7, text: '"x\\\\"' },
    { line: 4, column: 1, text: '[[]]' },
    { line: 4, column: 6, text: 'null' },
  ])
  expect(await elements('[]', size)).toEqual([])
  expect(await elements('[1, {"a": 2', size)).toEqual([
    { line: 1, column: 2, text: '1' },
    { line: 1, column: 5, text: '{"a": 2' },
  ])
  expect(await elements('[1]\n x, y', size)).toEqual([
    { line: 1, column: 2, text: '1' },
    { line: 2, column: 2, text: 'x, y' },
  ])
})

test('one long element takes time linear in its length', async () => {
  const long = `{"a": "${'x'.repeat(4_000_000)}"}`
  expect((await elements(`[${long}, 1]`, 1000)).map(({ text }) => text.length)).toEqual([long.length, 1])
})
