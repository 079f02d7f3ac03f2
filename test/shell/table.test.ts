// Text in columns, for a terminal and as Markdown.
import { expect, test } from 'bun:test'
import { markdownTable, table } from '../../src/shell/table.ts'

test('columns are as wide as their widest cell in terminal cells, and no line ends in spaces', () => {
  expect(
    table([
      ['a', '漢字', 'x'],
      ['long', 'b', ''],
    ]),
  ).toEqual(['a     漢字  x', 'long  b'])
})

test('numbers stand to the right, their names to the left', () => {
  expect(
    table(
      [
        ['name', 'rows'],
        ['a', '7'],
      ],
      { numbers: true },
    ),
  ).toEqual(['name  rows', 'a        7'])
})

test('a Markdown cell stays one cell, whatever it holds', () => {
  expect(markdownTable(['a', 'b'], [['x|y', '<think>\nz']])).toEqual([
    '| a | b |',
    '| --- | --- |',
    '| x\\|y | &lt;think> z |',
  ])
})
