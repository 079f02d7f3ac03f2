// The table of benchmarks: each row is whole, and calls that a server parsed are judged as the same calls in a text.
import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promptForm } from '../../src/dialogue/prompt.ts'
import { benchmarks } from '../../src/eval/benchmarks.ts'
import { readItems } from '../../src/eval/items.ts'
import { scratch } from '../scratch.ts'

const docs = [
  {
    name: 'f',
    description: 'd',
    parameters: { type: 'dict', properties: { a: { type: 'integer', description: 'a' } }, required: ['a'] },
  },
]
const call = { name: 'f', arguments: { a: 1 } }

/** One row of each benchmark, whose right answer is the call, and the category that it stands in. */
const data: Record<string, { category?: string; write(folder: string): string }> = {
  bfcl: {
    category: 'simple_python',
    write(folder) {
      mkdirSync(join(folder, 'possible_answer'))
      const name = 'BFCL_v4_simple_python.json'
      writeFileSync(
        join(folder, name),
        JSON.stringify({ id: 'simple_python_0', question: [[{ role: 'user', content: 'q' }]], function: docs }),
      )
      writeFileSync(
        join(folder, 'possible_answer', name),
        JSON.stringify({ id: 'simple_python_0', ground_truth: [{ f: { a: [1] } }] }),
      )
      return folder
    },
  },
  apibank: {
    write(folder) {
      for (const level of [1, 2, 3])
        writeFileSync(
          join(folder, `level-${level}-api_processed.json`),
          JSON.stringify(
            level === 1 ? [{ system: '1. Name: f', user: 'q', answer: [{ name: 'f', parameters: { a: 1 } }] }] : [],
          ),
        )
      return folder
    },
  },
  acebench: {
    category: 'en normal_similar_api',
    write(folder) {
      const base = join(folder, 'data_all', 'data_en')
      mkdirSync(join(base, 'possible_answer'), { recursive: true })
      const name = 'data_normal_similar_api.json'
      writeFileSync(join(base, name), JSON.stringify({ id: 'normal_similar_api_0', question: 'q', function: docs }))
      writeFileSync(
        join(base, 'possible_answer', name),
        JSON.stringify({ id: 'normal_similar_api_0', ground_truth: { f: { a: 1 } } }),
      )
      return folder
    },
  },
  rows: {
    write(folder) {
      const path = join(folder, 'rows.jsonl')
      writeFileSync(
        path,
        JSON.stringify({
          id: 'r',
          source: 's',
          messages: [{ role: 'user', content: 'q' }],
          tools: [],
          answer: [call],
          meta: {},
        }),
      )
      return path
    },
  },
}

for (const [name, benchmark] of Object.entries(benchmarks)) {
  test(`${name} asks its rows in forms that exist, and judges parsed calls: the right one right, another one wrong`, async () => {
    expect(() => Object.values(benchmark.forms).map(promptForm)).not.toThrow()
    const { category, write } = data[name]!
    const path = write(scratch())
    const [item] = await readItems(benchmark, path, { only: category })
    expect(item!.asked.messages.at(-1)).toMatchObject({ role: 'user', content: 'q' })
    const open = await benchmark.open(path, { checker: 'v2510', parser: 'tool-n1' })
    const judge = async (calls: (typeof call)[]) =>
      (await open.judge({ record: { ...item!.record, ...benchmark.parsed(calls) }, at: '' })).score
    expect(await judge([call])).toBe(1)
    expect(await judge([{ ...call, name: 'g' }])).toBe(0)
    if (benchmark.parsesNone) expect(await judge([])).toBe(0)
  })
}
