// hone parse at work: completions in, the thinking and calls they hold out.
import * as v from 'valibot'
import { callFormats } from '../dialogue/call.ts'
import { completionIn } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { data, log } from '../out.ts'
import { dumpJson, isObject } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { inputFiles, say } from '../text/setting.ts'
import { parserName, rowsOnly } from './flags.ts'

export const ParseFlags = v.object({
  files: inputFiles(),
  parser: say(parserName(), 'format of the calls'),
  format: rowsOnly,
})

/** A line for every row. @throws HoneError at `file:line` for a row without a text. */
export async function parseFiles({ files, parser }: v.InferOutput<typeof ParseFlags>): Promise<void> {
  const counts = { rows: 0, calls: 0, faults: 0 }
  for (const file of files) {
    for await (const { line, value } of readRecords(file)) {
      const text = isObject(value) ? completionIn(value) : undefined
      if (typeof text !== 'string') {
        throw new HoneError('Cannot parse a row: it has no "completion"', {
          at: `${file}:${line}`,
          hint: 'expected rows {"completion": "…"}; text, output and response are read too',
        })
      }
      const { think, calls, rest, fault } = callFormats[parser].parse(text)
      data(dumpJson({ think, calls, rest, fault }))
      counts.rows++
      counts.calls += calls.length
      if (fault !== null) counts.faults++
    }
  }
  log(`${counts.rows} rows, ${counts.calls} calls, ${counts.faults} with a fault`)
}
