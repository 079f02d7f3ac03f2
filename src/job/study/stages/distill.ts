// `hone distill` as a stage: the model's own replies, kept as a reward says, for the next stage to learn from.
import { join } from 'node:path'
import * as v from 'valibot'
import { file, folder, say } from '../../../text/setting.ts'
import { DistillFlags, runDistill } from '../../teach/command.ts'
import { keyOf } from '../key.ts'
import { settingsOf } from '../settings.ts'
import type { StageRow, StageWork } from '../stage.ts'
import { once } from './once.ts'

// The teacher is the model of the arm: what says otherwise, and where rows come from and go, is the study's to say.
const { file: _, cache, endpoint, apiModel, timeout, retries, perMinute, ...flags } = DistillFlags.entries
const DistillStage = v.object({
  ...flags,
  model: say(folder(), 'folder of a model, or of a finished run'),
  data: say(file(), 'rows to reply to'),
})

/** Rows, and those of which something was kept. */
const Counts = v.object({ asked: v.number(), kept: v.number() })

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
    const { kept, asked } = await once(place, `${what}: distill`, Counts, async () => {
      const { data, ...said } = settings(work, rows)
      const { accepted, right, rejected, failed } = await runDistill(v.parse(DistillFlags, { ...said, file: data }))
      return { kept: accepted, asked: accepted + right + rejected + failed }
    })
    const { left } = work
    return {
      ...left,
      rollouts: undefined,
      rows: { file: rows, count: kept },
      parts: { ...left.parts, [KEPT]: (100 * kept) / asked },
    }
  },
}
