// Splits: nothing that rows have in common lies on both sides, whatever connects them.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { groupsOf, type Placed, splitOf, ties, type Tie } from '../../src/data/split.ts'

const tool = (name: string) => ({ name, description: '', parameters: { type: 'object' } })
const placed = (id: number, dialogue: number, question: string, tools: readonly string[]): Placed => ({
  path: 'rows.jsonl',
  row: {
    id: `row-${id}`,
    source: 'test',
    messages: [{ role: 'user', content: question }],
    tools: tools.map(tool),
    answer: [],
    meta: { row: dialogue },
  },
})

const rowsOf = fc
  .array(fc.tuple(fc.nat(40), fc.nat(25), fc.uniqueArray(fc.constantFrom('f', 'g', 'h', 'i'), { maxLength: 3 })), {
    minLength: 2,
    maxLength: 60,
  })
  .map((rows) => rows.map(([dialogue, question, tools], i) => placed(i, dialogue, `What is ${question}?`, tools)))

test('no dialogue, question or set of tools lies on both sides', () => {
  const names = Object.keys(ties) as Tie[]
  fc.assert(
    fc.property(rowsOf, fc.subarray(names, { minLength: 1 }), fc.nat(9), (rows, by, seed) => {
      const { heldOut } = splitOf(rows, { by, share: 0.3, seed })
      for (const tie of by) {
        const sides = [true, false].map(
          (side) => new Set(rows.flatMap((row, i) => (heldOut.has(i) === side ? (ties[tie](row) ?? []) : []))),
        )
        expect([...sides[0]!].filter((key) => sides[1]!.has(key))).toEqual([])
      }
    }),
  )
})

test('where groups are small the share is met as nearly as they allow', () => {
  const rows = Array.from({ length: 200 }, (_, i) => placed(i, i, `question ${i >> 1}`, ['f']))
  for (const seed of [0, 1, 2]) {
    const { heldOut, groups, largest } = splitOf(rows, { by: ['question'], share: 0.15, seed })
    expect([heldOut.size, groups, largest]).toEqual([30, 100, 2])
  }
  const drawn = (seed: number) => [...splitOf(rows, { by: ['question'], share: 0.15, seed }).heldOut]
  expect(drawn(0)).toEqual(drawn(0))
  expect(drawn(0)).not.toEqual(drawn(1))
})

test('questions are compared by their words, tools by their names, and rows connect others', () => {
  const rows = [
    placed(0, 0, 'How warm is it?', ['f', 'g']),
    placed(1, 1, '  how WARM is it', ['h']),
    placed(2, 2, 'And now?', ['g', 'f']),
    placed(3, 3, 'Later?', []),
    placed(4, 4, 'Tomorrow?', []),
  ]
  const groups = (...by: Tie[]) => groupsOf(rows, by).map((group) => group.toSorted().join(' '))
  expect(groups('question').toSorted()).toEqual(['0 1', '2', '3', '4'])
  expect(groups('tools').toSorted()).toEqual(['0 2', '1', '3', '4'])
  expect(groups('question', 'tools').toSorted()).toEqual(['0 1 2', '3', '4'])
})
