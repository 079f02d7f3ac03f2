// How hard rows are for a model: the share of k sampled answers that the reward accepts.
import { judgeOf } from '../../lint/judge.ts'
import * as v from 'valibot'
import { countdown } from '../../shell/meter.ts'
import type { JsonObject } from '../../text/json.ts'
import type { Scorer } from '../../reward/scorer.ts'
import { rowJson, type HoneRow } from '../../dialogue/row.ts'
import { textTruth } from '../../rl/judge.ts'
import { text } from '../../text/setting.ts'
import type { Answerer } from '../answer/answerer.ts'
import { questionOf } from './question.ts'

export interface Range {
  low: number
  high: number
}

export interface DifficultyCounts {
  kept: number
  easy: number
  hard: number
  failed: number
  /** Rows by passes, 0 to k. */
  histogram: number[]
}

/** "0.2..0.8" as a range, ends included. */
export const range = () =>
  v.pipe(
    text('RANGE'),
    v.transform((text): Range => {
      const [, low, high] = /^(\d*\.?\d+)\.\.(\d*\.?\d+)$/.exec(text) ?? []
      return { low: Number(low), high: Number(high) }
    }),
    v.check(({ low, high }) => low >= 0 && high <= 1 && low <= high, 'two shares, such as 0.2..0.8'),
  )

/** Every row with `meta.pass_rate` and `meta.passes`, in order; rows outside the range and rows without an answer are counted and left out. */
export async function* difficulty(
  rows: readonly HoneRow[],
  teacher: Answerer,
  scorer: Scorer,
  { samples, keep }: { samples: number; keep: Range },
  counts: DifficultyCounts,
): AsyncGenerator<JsonObject> {
  const judge = await judgeOf(scorer)
  const tell = countdown('difficulty', rows.length)
  counts.histogram = Array.from({ length: samples + 1 }, () => 0)
  const questions = rows.flatMap((row) => Array.from({ length: samples }, (_, sample) => questionOf(row, sample)))
  const answers = teacher.answer(questions)[Symbol.asyncIterator]()
  for (const [index, row] of rows.entries()) {
    const [judged] = await judge.judge([row])
    const texts: string[] = []
    for (let sample = 0; sample < samples; sample++) {
      const { value } = await answers.next()
      if (value && 'text' in value) texts.push(value.text)
    }
    tell(index + 1, `kept ${counts.kept}  easy ${counts.easy}  hard ${counts.hard}`)
    if (texts.length === 0) {
      counts.failed++
      continue
    }
    const text = textTruth(rowJson(row))
    const verdicts = await scorer.score(
      texts.map((completion) => ({ completion, truth: text ?? row.answer, row: rowJson(row) })),
    )
    const least = text === undefined ? judged!.best : 1
    const passes = verdicts.filter(({ score, fault }) => fault === null && score >= least).length
    const rate = passes / texts.length
    counts.histogram[passes]!++
    if (rate < keep.low) counts.hard++
    else if (rate > keep.high) counts.easy++
    else {
      counts.kept++
      yield rowJson({ ...row, meta: { ...row.meta, pass_rate: rate, passes, samples: texts.length } })
    }
  }
}
