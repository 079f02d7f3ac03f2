// `hone probe` as a stage: it leaves the model as it is, and says how well ways to decide do that look into it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { log } from '../../../out.ts'
import { writeFileAtomic } from '../../../text/jsonl.ts'
import { file, folder, say } from '../../../text/setting.ts'
import { fitProbe, ProbeFlags } from '../../probe/command.ts'
import { methods, RANDOM } from '../../probe/decide.ts'
import type { ProbeReport } from '../../probe/report.ts'
import { keyOf } from '../key.ts'
import { settingsOf } from '../settings.ts'
import type { StageRow, StageWork } from '../stage.ts'

const { probe: _, format, ...flags } = ProbeFlags.entries
const ProbeStage = v.object({
  ...flags,
  model: say(folder(), 'folder of a model, or of a finished run'),
  pairs: say(file(), 'contrastive pairs'),
  data: say(file(), 'questions with their labels'),
})

const Parts = v.record(v.string(), v.number())

/** Percent of the held-out pairs that the layer taken tells apart. */
const PAIRS = 'pairs'

const settings = ({ study, settings, seed, left }: Parameters<StageRow['check']>[0], output: string) =>
  settingsOf(study, { schema: ProbeStage }, settings, { ...left, output, seed }).value

export const probeStage: StageRow = {
  schema: ProbeStage,
  // Of each way to decide: percent of the questions that it was not fitted on.
  parts: [...Object.keys(methods), RANDOM, PAIRS],
  leaves: {},
  check(work) {
    settings(work, '')
  },
  async run({ folder, what, ...work }: StageWork) {
    const place = join(folder, `probe-${keyOf(settings(work, ''), 'probe')}`)
    const record = join(place, 'parts.json')
    if (!existsSync(record)) {
      log(`${what}: probe → ${place}`)
      mkdirSync(place, { recursive: true })
      const { report } = await fitProbe(v.parse(ProbeFlags, settings(work, join(place, 'probe.json'))))
      writeFileAtomic(record, JSON.stringify(partsOf(report)))
    }
    const { left } = work
    return { ...left, parts: { ...left.parts, ...v.parse(Parts, JSON.parse(readFileSync(record, 'utf8'))) } }
  },
}

function partsOf({ methods, layers, taken }: ProbeReport): Record<string, number> {
  const best = layers.find(({ layer }) => layer === taken[0])
  return {
    ...Object.fromEntries(methods.map(({ name, test }) => [name, 100 * test])),
    ...(best && { [PAIRS]: 100 * best.accuracy }),
  }
}
