// Bars that an evaluation must reach, by the names of its scores.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { scoreOf, type Summary } from '../../eval/summary.ts'
import { log } from '../../out.ts'
import { text } from '../../text/setting.ts'

export interface Bar {
  /** Of a score, or `accuracy` over all responses. */
  name: string
  least: number
}

/** `0.8`, or `NAME=0.8`, several between commas. */
export const bars = () =>
  v.pipe(
    text('BARS'),
    v.transform((text) => text.split(',').map(barOf)),
    v.check((all) => all.every(({ least }) => least >= 0 && least <= 1), 'a share from 0 to 1, or NAME=SHARE'),
  )

function barOf(text: string): Bar {
  const [, name = 'accuracy', share = ''] = /^(?:(.*)=)?([^=]*)$/.exec(text.trim()) ?? []
  return { name, least: share === '' ? NaN : Number(share) }
}

/** Is every bar met? @throws HoneError where there is no score of that name. */
export function meets(summary: Summary, bars: readonly Bar[]): boolean {
  let met = true
  for (const { name, least } of bars) {
    const value = scoreOf(summary, name)
    if (value === undefined) {
      throw new HoneError(`Cannot use --min ${name}=${least}: there is no score of that name`, {
        hint: `scores: accuracy, ${summary.scores.map((score) => score.name).join(', ')}`,
      })
    }
    if (value !== null && value >= least) continue
    met = false
    log(`${name} is ${value === null ? 'not available' : value.toFixed(4)}, below the bar of ${least}`)
  }
  return met
}
