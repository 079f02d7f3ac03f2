// hone parse at work: completions in, the thinking and calls they hold out.
import * as v from 'valibot'
import { callFormats } from '../dialogue/call.ts'
import { completionIn, id, idField, idOf } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { data, log } from '../out.ts'
import { dumpJson, isObject } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { spell } from '../reward/score/difference.ts'
import { next } from '../shell/next.ts'
import { forPeople, openTable } from '../shell/rows.ts'
import { inputFiles, say } from '../text/setting.ts'
import { parserName, rowsFormat } from './flags.ts'

export const ParseFlags = v.object({
  files: inputFiles(),
  parser: say(parserName(), 'format of the calls'),
  format: rowsFormat,
})

/** A line of what it writes. */
export const ParsedRow = v.object({
  id,
  think: v.nullable(v.string()),
  calls: v.array(v.object({ name: v.string(), arguments: v.any() })),
  rest: v.string(),
  fault: v.nullable(v.string()),
})

/** A line for every row. @throws HoneError at `file:line` for a row without a text. */
export async function parseFiles({ files, parser, format }: v.InferOutput<typeof ParseFlags>): Promise<void> {
  const shown = forPeople(format) ? openTable(['row', 'calls', 'fault']) : undefined
  const counts = { rows: 0, calls: 0, faults: 0 }
  for (const file of files) {
    for await (const { line, value } of readRecords(file)) {
      const row = isObject(value) ? value : {}
      const text = completionIn(row)
      if (typeof text !== 'string') {
        throw new HoneError('Cannot parse a row: it has no "completion"', {
          at: `${file}:${line}`,
          hint: 'expected rows {"completion": "…"}; text, output and response are read too',
        })
      }
      const { think, calls, rest, fault } = callFormats[parser].parse(text)
      if (shown) shown.row(() => [idOf(row, line), calls.map(spell).join(' ') || '-', fault ?? ''])
      else data(dumpJson({ ...idField(row), think, calls, rest, fault }))
      counts.rows++
      counts.calls += calls.length
      if (fault !== null) counts.faults++
    }
  }
  shown?.end()
  log(`${counts.rows} rows, ${counts.calls} calls, ${counts.faults} with a fault`)
  next([['score', ...files, '--reward', 'tool-n1'], 'what a reward makes of them, where rows have an answer'])
}
