// BFCL v4, single turn, as a benchmark: responses by category, id and mode → verdicts, both aggregates, known defects.
import { didYouMean, HoneError } from '../../error.ts'
import type { Benchmark, Judged, NamedScore, Response } from '../benchmark.ts'
import { tallies } from '../tally.ts'
import { aggregatePaper, aggregateV4, type Counts } from './aggregate.ts'
import { categories, isCategory, type CategoryName } from './categories.ts'
import { readCategory, type BfclRow } from './data.ts'
import { findDecoder, modeOf } from './decode.ts'
import { loadGrammar } from './grammar.ts'
import { defects } from './defects.ts'
import { items } from './items.ts'
import { judge } from './judge.ts'
import { besideTableTwo } from './published.ts'
import { evaluateCommand, writeBfclResults } from './results.ts'

export const bfcl: Benchmark = {
  what: 'Berkeley Function Calling Leaderboard v4, the 13 single-turn categories',
  forms: { text: 'tool-n1-eval', chat: 'native' },
  categories: Object.keys(categories),
  items,
  mode: modeOf,
  reader(mode) {
    if (mode !== '') findDecoder(mode)
    return mode
  },
  parsed: (calls) => ({
    mode: 'tool-calls',
    underscore_to_dot: true,
    response: calls.map(({ name, arguments: values }) => ({ [name]: values })),
  }),
  parsesNone: true,
  results: {
    what: "write result files for BFCL's own evaluation",
    write: (folder, records) => writeBfclResults(folder, records).map((written) => evaluateCommand(folder, written)),
  },
  async open(folder) {
    // A category is read when the first response names it.
    const read = new Map<CategoryName, Promise<Map<string, BfclRow>>>()
    const rowsOf = (category: CategoryName) => {
      const rows = read.get(category) ?? readCategory(folder, category)
      read.set(category, rows)
      return rows
    }
    return {
      judge: (response) => judgeRecord(response, rowsOf),
      scores,
      notes,
      published: (judged) => besideTableTwo(countsOf(judged)),
    }
  },
}

async function judgeRecord(
  { record, at }: Response,
  rowsOf: (category: CategoryName) => Promise<Map<string, BfclRow>>,
): Promise<Judged> {
  const { id, response = null, mode = 'text', underscore_to_dot } = record
  const category = String(record['category'] ?? categoryOf(String(id)))
  const row = isCategory(category) ? (await rowsOf(category)).get(String(id)) : undefined
  if (!row) {
    const near = isCategory(category) ? undefined : didYouMean(category, Object.keys(categories))
    throw new HoneError(
      `Cannot judge the response: BFCL has no row ${JSON.stringify(id)} in category ${JSON.stringify(category)}`,
      {
        at,
        hint: near ?? 'a response needs the id and the category of its row',
      },
    )
  }
  const decoder = findDecoder(String(mode), at)
  await loadGrammar(categories[row.category].language)
  const verdict = judge(row.category, row, { response, decoder, underscoreToDot: underscore_to_dot === true })
  return { id: row.id, category: row.category, score: verdict.verdict ? 1 : 0, judgement: { ...verdict }, response }
}

/** The longest category that the id begins with. */
function categoryOf(id: string): string {
  const names = Object.keys(categories).filter((name) => id.startsWith(`${name}_`))
  return names.sort((a, b) => b.length - a.length)[0] ?? ''
}

function countsOf(judged: readonly Judged[]): Counts {
  return Object.fromEntries(tallies(judged).map(({ category, correct, total }) => [category, { correct, total }]))
}

function scores(judged: readonly Judged[]): NamedScore[] {
  const counts = countsOf(judged)
  const v4 = aggregateV4(counts)
  const paper = aggregatePaper(counts)
  const unless = (missing: boolean, value: number) => (missing ? null : value)
  return [
    {
      name: 'v4 non-live',
      value: unless(v4.missing.nonLive, v4.nonLive),
      what: 'mean of simple (mean of three languages), multiple, parallel, parallel_multiple',
    },
    { name: 'v4 live', value: unless(v4.missing.live, v4.live), what: 'four live AST categories, weighted by rows' },
    {
      name: 'v4 irrelevance',
      value: unless(v4.missing.irrelevance, v4.irrelevance),
      what: 'mean of irrelevance and live_irrelevance',
    },
    {
      name: 'v4 overall, single turn only',
      value: v4.overall,
      what: '10 % each of the three above; multi-turn (30 %) and agentic (40 %) are not run and count as 0',
    },
    {
      name: 'Table 2 overall',
      value: unless(paper.missing, paper.overall),
      what: 'mean of v4 non-live and v4 live: how Tool-N1’s own rows of its Table 2 are made',
    },
  ]
}

function notes(judged: readonly Judged[]): string[] {
  const concerned = judged.filter(({ id }) => Object.hasOwn(defects, id))
  if (concerned.length === 0) return []
  const wrong = concerned.filter(({ score }) => score < 1).length
  return [
    `${concerned.length} of your responses (${wrong} of them judged wrong) answer rows that are defective themselves:`,
    ...[...Map.groupBy(concerned, ({ id }) => defects[id] ?? '')].map(
      ([reason, list]) => `  ${reason}: ${[...new Set(list.map(({ id }) => id))].join(', ')}`,
    ),
  ]
}
