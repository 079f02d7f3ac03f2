// What the demonstration shows at its end: exact match before and after, a curve of the reward, ten answers.
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { pairedDifference, signTest } from '../../eval/statistics.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import { spell } from '../../reward/score/difference.ts'
import type { Metrics } from '../../rundir/event.ts'
import { pathsOf, stepFile, stepsIn } from '../../rundir/paths.ts'
import { readEvents } from '../../rundir/run.ts'
import { table } from '../../shell/table.ts'

const AnswerLine = v.looseObject({ set: v.string(), id: v.string(), output: v.string(), exact: v.boolean() })
type AnswerLine = v.InferOutput<typeof AnswerLine>

/** What a run directory says of a finished demonstration. */
export interface Demo {
  before: Metrics
  after: Metrics
  /** Mean reward of each step's rollouts; the loss where there are none. */
  curve: { name: string; values: number[] }
  /** Answers to the same held-out rows, in the same order. */
  first: AnswerLine[]
  last: AnswerLine[]
}

export function readDemo(run: string): Demo {
  const paths = pathsOf(run)
  const events = readEvents(paths.events)
  const evals = events.filter((event) => event.type === 'eval')
  const steps = events.filter((event) => event.type === 'step')
  const name = steps.some(({ figures }) => 'reward' in figures) ? 'reward' : 'loss'
  const asked = stepsIn(paths.evals)
  const answers = (step = 0) => linesOf(stepFile(paths.evals, step)).map((line) => v.parse(AnswerLine, line))
  return {
    before: evals[0]?.figures ?? {},
    after: evals.at(-1)?.figures ?? {},
    curve: { name, values: steps.map(({ figures }) => figures[name] ?? NaN) },
    first: answers(asked[0]),
    last: answers(asked.at(-1)),
  }
}

/** Lines for people; `rows` are the held-out ones, by id. */
export function demoReport({ before, after, curve, first, last }: Demo, rows: ReadonlyMap<string, HoneRow>): string[] {
  const sets = Object.keys(before).flatMap((key) => /^exact_match\/([^/]+)$/.exec(key)?.slice(1) ?? [])
  const named = sets.filter((set) => set !== 'low' && set !== 'high')
  const shares = ['', ...named.map((set) => `/${set}`)].map((key) => [
    key === '' ? 'mean of both' : key.slice(1),
    interval(before, `exact_match${key}`),
    interval(after, `exact_match${key}`),
  ])
  const { up, down, gain } = change(first, last)
  return [
    '',
    ...table([['exact match, greedy', 'before', 'after'], ...shares]),
    `gain ${points(gain.estimate)} points (95 % ${points(gain.low)} to ${points(gain.high)}); ${up} rows better, ${down} worse, sign test p ${signTest(up, down).toPrecision(2)}`,
    '',
    `${curve.name} by step  ${sparkline(curve.values)}  ${edge(curve.values, 0)} to ${edge(curve.values, -1)}`,
    '',
    ...named
      .flatMap((set) => last.filter((answer) => answer.set === set).slice(0, 5))
      .flatMap((answer) => shown(answer, rows.get(answer.id))),
  ]
}

/** The same as a record for programs. */
export function demoSummary({ before, after, first, last }: Demo) {
  return { before, after, ...change(first, last) }
}

function change(first: readonly AnswerLine[], last: readonly AnswerLine[]) {
  const exact = (answers: readonly AnswerLine[]) => answers.map((each) => Number(each.exact))
  const [was, is] = [exact(first), exact(last)]
  const up = is.filter((value, i) => value > was[i]!).length
  const down = is.filter((value, i) => value < was[i]!).length
  return { up, down, gain: pairedDifference(was, is) }
}

function interval(figures: Record<string, number>, key: string): string {
  const percent = (name: string) => (100 * (figures[name] ?? NaN)).toFixed(1)
  return `${percent(key)} % (${percent(`${key}/low`)} to ${percent(`${key}/high`)})`
}

/** A wrong answer stands above what was expected. */
function shown({ id, output, exact }: AnswerLine, row: HoneRow | undefined): string[] {
  return [
    `${exact ? '✓' : '✗'} ${row?.messages.at(-1)?.content ?? id}`,
    `  ${output.replaceAll('\n', ' ')}`,
    ...(exact || !row ? [] : [`  expected ${row.answer.map(spell).join(' ') || 'no call: no tool on offer fits'}`]),
  ]
}

const points = (share: number): string => (share >= 0 ? '+' : '') + (100 * share).toFixed(1)
const edge = (values: readonly number[], at: number): string => (values.at(at) ?? NaN).toFixed(2)

function sparkline(values: readonly number[]): string {
  const bars = '▁▂▃▄▅▆▇█'
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.map((value) => bars[Math.min(7, Math.floor((8 * (value - low)) / (high - low || 1)))]).join('')
}

function linesOf(path: string): unknown[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}
