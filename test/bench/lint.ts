// Rate of lint against plain reading and JSON.parse of the same file, one core, in turn: bun test/bench/lint.ts [rows]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acrossOf } from '../../src/lint/across.ts'
import { checkerOf } from '../../src/lint/check.ts'
import { lintFile } from '../../src/lint/file.ts'
import { chooseRules } from '../../src/lint/rules.ts'
import { uniform } from '../../src/rng.ts'

const VERBS = ['get', 'find', 'list', 'read', 'fetch']
const NOUNS = ['weather', 'traffic', 'events', 'prices', 'schools', 'parks', 'trains', 'museums']
const ROUNDS = 7
const APIS = 3673
const rows = Number(process.argv[2] ?? 60_000)
const folder = mkdtempSync(join(tmpdir(), 'hone-bench-'))
const path = join(folder, 'rows.jsonl')

try {
  writeFileSync(path, Array.from({ length: rows }, (_, i) => JSON.stringify(row(i)) + '\n').join(''))
  const bytes = Bun.file(path).size
  await parse()
  const found = await lint()
  const seconds = { parse: [] as number[], lint: [] as number[] }
  // In turn, so that what else the machine does meets both.
  for (let round = 0; round < ROUNDS; round++) {
    seconds.parse.push(await timed(parse))
    seconds.lint.push(await timed(lint))
  }
  const ratios = seconds.parse.map((time, i) => time / seconds.lint[i]!)
  const rate = (times: number[]) => Math.round(rows / median(times))
  console.log(
    JSON.stringify({
      rows,
      bytes_per_row: Math.round(bytes / rows),
      rules: chooseRules(undefined, undefined).length,
      findings: found,
      parse_rows_per_second: rate(seconds.parse),
      lint_rows_per_second: rate(seconds.lint),
      ratio_median: round(median(ratios)),
      ratio_min: round(Math.min(...ratios)),
      ratio_max: round(Math.max(...ratios)),
    }),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** What a script would do: read, split, parse. */
async function parse(): Promise<number> {
  let count = 0
  for (const line of (await Bun.file(path).text()).split('\n')) {
    if (line === '') continue
    JSON.parse(line)
    count++
  }
  return count
}

async function lint(): Promise<number> {
  const rules = chooseRules(undefined, undefined)
  let found = 0
  const emit = () => void found++
  await lintFile({
    path,
    from: undefined,
    container: 'lines',
    checker: checkerOf(rules, {}),
    across: acrossOf(rules),
    rules,
    context: {},
    emit,
  })
  return found
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  Bun.gc(true)
  const before = process.cpuUsage().user + process.cpuUsage().system
  await work()
  // Seconds of this process on a core: on a shared machine the clock on the wall also counts the others.
  return (process.cpuUsage().user + process.cpuUsage().system - before) / 1e6
}

/** A clean row of about a kilobyte: three tools out of as many as xLAM has, a question, one call. */
function row(i: number): object {
  const draw = (part: number, most: number) => Math.floor(uniform(1, i, part) * most)
  const tools = Array.from({ length: 3 }, (_, t) => toolOf(draw(t, APIS)))
  const [tool] = tools
  return {
    id: `row-${i}`,
    source: 'bench',
    messages: [
      {
        role: 'user',
        content: `Please tell me about the ${NOUNS[draw(20, NOUNS.length)]!} of place ${i} in ${draw(21, 30)} days.`,
      },
    ],
    tools,
    answer: [{ name: tool!.name, arguments: { place: `place ${i}`, days: draw(21, 30), unit: 'metric' } }],
    meta: { row: i },
  }
}

function toolOf(api: number): { name: string; description: string; parameters: object } {
  const noun = NOUNS[api % NOUNS.length]!
  return {
    name: `${VERBS[api % VERBS.length]!}_${noun}_${api}`,
    description: `Looks up what is known about the ${noun} of a place at a given time.`,
    parameters: {
      type: 'object',
      properties: {
        place: { type: 'string', description: 'Name of the place.' },
        days: { type: 'integer', description: 'Days ahead.', minimum: 0, maximum: 30 },
        unit: { type: 'string', enum: ['metric', 'imperial'] },
      },
      required: ['place'],
    },
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
