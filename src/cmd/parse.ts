// hone parse: completions in, the thinking and calls they hold out.
import { defineCommand } from 'citty'
import { findFormat } from '../dialogue/call.ts'
import { HoneError } from '../error.ts'
import { FILES } from '../shell/flags.ts'
import { dumpJson, isObject } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { data, log } from '../out.ts'

export default defineCommand({
  meta: { description: 'read the calls out of completions, as scoring and training do' },
  args: {
    files: FILES,
    parser: { type: 'string', description: 'format of the calls', valueHint: 'NAME', required: true },
    format: { type: 'enum', options: ['ndjson'], description: 'format of the output' },
  },
  async run({ args }) {
    const parser = findFormat(args.parser)
    const counts = { rows: 0, calls: 0, faults: 0 }
    for (const file of args._) {
      for await (const { line, value } of readRecords(file)) {
        const text = isObject(value) ? value['text'] : undefined
        if (typeof text !== 'string') {
          throw new HoneError('Cannot parse a row: it has no "text"', {
            at: `${file}:${line}`,
            hint: 'Expected rows {"text": "…"}.',
          })
        }
        const { think, calls, rest, fault } = parser.parse(text)
        data(dumpJson({ think, calls, rest, fault }))
        counts.rows++
        counts.calls += calls.length
        if (fault !== null) counts.faults++
      }
    }
    log(`${counts.rows} rows, ${counts.calls} calls, ${counts.faults} with a fault`)
  },
})
