// Both aggregates: the leaderboard's against the original's own tables, the paper's against its printed rows.
import { expect, test } from 'bun:test'
import { aggregatePaper, aggregateV4, type Counts } from '../../../src/eval/bfcl/aggregate.ts'
import { besideTableTwo, tableTwo } from '../../../src/eval/bfcl/published.ts'
import { readRecords } from '../../../src/text/jsonl.ts'
import { formatFixed } from '../../../src/text/python/number.ts'
import { sharedPath } from '../../shared.ts'

const lines = sharedPath('verdicts', 'bfcl_aggregate.jsonl.gz')
test.skipIf(!lines)('non-live, live, irrelevance and overall are those of the original’s tables', async () => {
  let compared = 0
  for await (const { line, value } of readRecords(lines!)) {
    compared++
    const { input, output } = value as unknown as { input: Counts; output: Record<string, Record<string, string>> }
    const v4 = aggregateV4(input)
    const expected = {
      nonLive: output['data_non_live']?.['Non-Live Overall Acc'],
      summary: output['data_non_live']?.['AST Summary'],
      live: output['data_live']?.['Live Overall Acc'],
      liveSummary: output['data_live']?.['AST Summary'],
      multiTurn: output['data_overall']?.['Multi Turn Acc'],
      irrelevance: output['data_overall']?.['Irrelevance Detection'],
      overall: output['data_overall']?.['Overall Acc'],
    }
    const unless = (missing: boolean, value: number) => (missing ? 'N/A' : percent(value))
    const got = {
      nonLive: percent(v4.nonLive),
      summary: unless(v4.missing.nonLive, v4.nonLive),
      live: percent(v4.live),
      liveSummary: unless(v4.missing.live, v4.live),
      multiTurn: percent(v4.multiTurn),
      irrelevance: unless(v4.missing.irrelevance, v4.irrelevance),
      overall: percent(v4.overall),
    }
    expect({ line, ...got }).toEqual({ line, ...(expected as typeof got) })
  }
  expect(compared).toBeGreaterThan(50)
})

test('the paper’s aggregate gives its own two rows, and not those of the others', () => {
  const sizes = {
    multiple: 200,
    parallel: 200,
    parallel_multiple: 200,
    live_simple: 258,
    live_multiple: 1053,
    live_parallel: 16,
    live_parallel_multiple: 24,
  }
  const overall = (name: string) => {
    const [simple, ...rest] = tableTwo.rows.find((row) => row.name === name)?.values ?? []
    // The three languages of simple are averaged already.
    const counts: Counts = Object.fromEntries(
      ['simple_python', 'simple_java', 'simple_javascript'].map((key) => [key, { correct: simple ?? 0, total: 100 }]),
    )
    for (const [i, [key, total]] of Object.entries(sizes).entries())
      counts[key as keyof Counts] = { correct: ((rest[i] ?? 0) / 100) * total, total }
    return 100 * aggregatePaper(counts).overall
  }
  expect(overall('Tool-N1-7B')).toBeCloseTo(84.82, 1)
  expect(overall('Tool-N1-14B')).toBeCloseTo(85.97, 1)
  expect(overall('Qwen2.5-7B-Inst')).toBeCloseTo(80.76, 1)
})

test('one’s own counts stand below the paper’s rows, and are absent where a category is', () => {
  const own = (counts: Counts) => besideTableTwo(counts).rows.at(-1)
  const live: Counts = {
    live_simple: { correct: 129, total: 258 },
    live_multiple: { correct: 0, total: 1053 },
    live_parallel: { correct: 16, total: 16 },
    live_parallel_multiple: { correct: 6, total: 24 },
  }
  expect(own(live)?.values.slice(4, 11)).toEqual([50, 0, 100, 25, null, (100 * 151) / 1351, null])
  expect(own({})).toEqual({ name: 'yours', values: Array.from({ length: 13 }, () => null) })
})

function percent(value: number): string {
  return `${formatFixed(value * 100, 2)}%`
}
