// `hone distill` as a stage: the model's own replies, kept as a reward says, for the next stage to learn from.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { log } from '../../../out.ts'
import { writeFileAtomic } from '../../../text/jsonl.ts'
import { file, folder, say } from '../../../text/setting.ts'
import { DistillFlags, runDistill } from '../../teach/command.ts'
import { keyOf } from '../key.ts'
import { settingsOf } from '../settings.ts'
import type { StageRow, StageWork } from '../stage.ts'

/** Flags of the command that a study gives, or has no use for: its teacher is the model of the arm. */
type Given = 'file' | 'cache' | 'endpoint' | 'apiModel' | 'timeout' | 'retries' | 'perMinute'
const { file: _, cache, endpoint, apiModel, timeout, retries, perMinute, ...flags } = DistillFlags.entries
const DistillStage = v.object({
  ...(flags satisfies Omit<typeof DistillFlags.entries, Given>),
  model: say(folder(), 'folder of a model, or of a finished run'),
  data: say(file(), 'rows to reply to'),
})

const Counts = v.object({ rows: v.number(), kept: v.number() })

/** Percent of the rows of which something was kept. */
const KEPT = 'kept'

const settings = ({ study, settings, seed, left }: Parameters<StageRow['check']>[0], output: string) =>
  settingsOf(study, { schema: DistillStage }, settings, { ...left, output, seed }).value

export const distillStage: StageRow = {
  schema: DistillStage,
  parts: [KEPT],
  leaves: { rows: { file: 'rows', count: 1 } },
  check(work) {
    settings(work, '')
  },
  async run({ folder, what, ...work }: StageWork) {
    const place = join(folder, `distill-${keyOf(settings(work, ''), 'distill')}`)
    const rows = join(place, 'rows.jsonl')
    const record = join(place, 'counts.json')
    if (!existsSync(record)) {
      log(`${what}: distill → ${place}`)
      mkdirSync(place, { recursive: true })
      const { data, ...said } = settings(work, rows)
      const { accepted, right, rejected, failed } = await runDistill(v.parse(DistillFlags, { ...said, file: data }))
      writeFileAtomic(record, JSON.stringify({ rows: accepted + right + rejected + failed, kept: accepted }))
    }
    const { left } = work
    const counts = v.parse(Counts, JSON.parse(readFileSync(record, 'utf8')))
    return {
      ...left,
      rollouts: undefined,
      rows: { file: rows, count: counts.kept },
      parts: { ...left.parts, [KEPT]: (100 * counts.kept) / counts.rows },
    }
  },
}
