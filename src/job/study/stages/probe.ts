// `hone probe` as a stage: it leaves the model as it is, and says how well ways to decide do that look into it.
import { join } from 'node:path'
import * as v from 'valibot'
import { file, folder, say } from '../../../text/setting.ts'
import { fitProbe, ProbeFlags } from '../../probe/command.ts'
import { methods, RANDOM } from '../../probe/decide.ts'
import type { ProbeReport } from '../../probe/report.ts'
import { keyOf } from '../key.ts'
import { settingsOf } from '../settings.ts'
import type { StageRow, StageWork } from '../stage.ts'
import { once } from './once.ts'

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
    const parts = await once(place, `${what}: probe`, Parts, async () => {
      const { report } = await fitProbe(v.parse(ProbeFlags, settings(work, join(place, 'probe.json'))))
      return partsOf(report)
    })
    const { left } = work
    return { ...left, parts: { ...left.parts, ...parts } }
  },
}

function partsOf({ methods, layers, taken }: ProbeReport): Record<string, number> {
  const best = layers.find(({ layer }) => layer === taken[0])
  return {
    ...Object.fromEntries(methods.map(({ name, test }) => [name, 100 * test])),
    ...(best && { [PAIRS]: 100 * best.accuracy }),
  }
}
