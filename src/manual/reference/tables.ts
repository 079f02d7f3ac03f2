// Tables of hone as entries of the manual: each row says itself what it is.
import type { Entry } from '../page.ts'
import { formats } from '../../data/formats.ts'
import { sources } from '../../data/sources.ts'
import { callFormats } from '../../dialogue/call.ts'
import { promptForms } from '../../dialogue/prompt.ts'
import { frames } from '../../env/frames/table.ts'
import { environments } from '../../env/table.ts'
import { benchmarks } from '../../eval/benchmarks.ts'
import { families as models } from '../../gpu/weights/family.ts'
import { schemas } from '../../job/schema.ts'
import { variables } from '../../job/variables.ts'
import { families } from '../../reward/table.ts'
import { metrics, questions } from '../../rundir/metrics.ts'
import { markdownTable } from '../../shell/table.ts'

type Described = Readonly<Record<string, { what: string }>>

/** Rows that have nothing to say but what they are. */
const plainly = (table: Described, section?: string): Entry[] =>
  Object.entries(table).map(([name, { what }]) => ({ name, what, ...(section !== undefined && { section }) }))

export const parserEntries = (): Entry[] => plainly(callFormats)
export const promptEntries = (): Entry[] => plainly(promptForms)
export const sourceEntries = (): Entry[] => [
  ...plainly(sources, 'Read by --from'),
  ...plainly(formats, 'Written by --format'),
]
export const environmentEntries = (): Entry[] => [...plainly(environments), ...plainly(frames, 'Frames (--frame)')]
export const benchmarkEntries = (): Entry[] => plainly(benchmarks)
export const modelEntries = (): Entry[] => plainly(models)
export const schemaEntries = (): Entry[] => plainly(schemas)
export const variableEntries = (): Entry[] => Object.entries(variables).map(([name, what]) => ({ name, what }))

export const rewardEntries = (): Entry[] =>
  Object.entries(families).map(([name, { what, variants, format }]) => {
    const rows = Object.entries(variants)
    const reads = format(rows[0]?.[0] ?? '')
    const more = [
      rows.length > 0 &&
        markdownTable(
          ['given as', 'what it rewards'],
          rows.map(([variant, row], index) => [
            `\`${name}:${variant}\`${index === 0 ? `, or \`${name}\`` : ''}`,
            row.what,
          ]),
        ).join('\n'),
      reads !== undefined && `It reads the calls as \`${reads}\` does (\`hone help parsers\`).`,
    ].filter((each) => each !== false)
    return { name, what, ...(more.length > 0 && { more: more.join('\n\n') }) }
  })

export const metricEntries = (): Entry[] =>
  metrics.map(({ name, trl, title, unit, what, good, band, remedy, question }) => ({
    name,
    ...(trl !== undefined && trl !== name && { aliases: [trl] }),
    section: questions[question].title,
    what: `${title}: ${what} (${unit})`,
    more: [
      `It should be: ${good}.`,
      ...(band ? [`Band: ${bandText(band)}.`] : []),
      ...(remedy ? [`If it is not: ${remedy}.`] : []),
      trl === undefined ? 'TRL has no such metric.' : `TRL calls it \`${trl}\`.`,
    ].join('\n\n'),
  }))

const bandText = ({ low, high, of }: NonNullable<(typeof metrics)[number]['band']>): string => {
  const unit = of === 'start' ? ' times its first value' : ''
  const ends = [low !== undefined && `at least ${low}${unit}`, high !== undefined && `at most ${high}${unit}`]
  return ends.filter((each) => each !== false).join(', ')
}
