// A kind of training as a stage: a run, gone on with where it was cut short.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HoneError } from '../../../error.ts'
import { log } from '../../../out.ts'
import { modelSpec } from '../../../reward/model.ts'
import type { RunEvent } from '../../../rundir/event.ts'
import { isRun, pathsOf, stepFile, stepsIn } from '../../../rundir/paths.ts'
import { readEvents } from '../../../rundir/run.ts'
import { runTraining } from '../../train/command.ts'
import type { AnyKind } from '../../train/kind.ts'
import { spentIn } from '../costs.ts'
import { keyOf } from '../key.ts'
import { settingsOf } from '../settings.ts'
import type { Rollouts, StageRow, StageWork } from '../stage.ts'

/** Percent of the held-out pairs that a run of pairs has in the right order. */
const PAIRS = 'pairs'

export function trainingStage(name: string, kind: AnyKind): StageRow {
  const settings = (work: Pick<StageWork, 'study' | 'settings' | 'seed' | 'left'>, output: string) =>
    settingsOf(work.study, kind, work.settings, { ...work.left, output, seed: work.seed })
  return {
    schema: kind.schema,
    presets: kind.presets,
    preset: kind.preset,
    parts: [PAIRS],
    leaves: name === 'train' ? { rollouts: { learnt: ['rollouts'], held: [] } } : {},
    check(work) {
      settings(work, '')
    },
    async run({ folder, what, onRun, ...work }) {
      const { left } = work
      const { data } = settings(work, '').value
      if (left.rows?.count === 0 && data.includes(left.rows.file)) {
        log(`${what}: ${name} is left out: no reply was kept to learn from`)
        return left
      }
      const run = join(folder, `${name}-${keyOf(settings(work, '').value, name)}`)
      onRun(run)
      if (!existsSync(pathsOf(run).final)) {
        log(`${what}: ${name} → ${run}`)
        const code = await runTraining(name, settings(work, run), isRun(run) ? run : undefined)
        if (code === EXIT.interrupted) return undefined
        if (code !== EXIT.ok)
          throw new HoneError(`Cannot go on with the study: ${what} ended with ${code}`, { at: run, exit: code })
      }
      const events = readEvents(pathsOf(run).events)
      const [pairs, spent, rollouts] = [pairsInOrder(events), spentIn(events), rolloutsOf(run)]
      return {
        ...left,
        // What scores is no model to go on with: the next stages are rewarded by it.
        ...(kind.head === 'scalar' ? { reward: modelSpec(run) } : { model: run }),
        ...(rollouts && { rollouts, rows: undefined }),
        ...(spent && { spent }),
        parts: { ...left.parts, ...(pairs !== undefined && { [PAIRS]: pairs }) },
      }
    },
  }
}

/** Of what a run has sampled every fifth step is held out. Undefined where it kept nothing. */
function rolloutsOf(run: string): Rollouts | undefined {
  const folder = pathsOf(run).rollouts
  const files = stepsIn(folder).map((step) => stepFile(folder, step))
  const isHeld = (_: string, i: number) => i % 5 === 4
  return files.length === 0
    ? undefined
    : { learnt: files.filter((file, i) => !isHeld(file, i)), held: files.filter(isHeld) }
}

/** What the last evaluation of a run says of pairs, in percent. */
function pairsInOrder(events: readonly RunEvent[]): number | undefined {
  // Held-out rows and held-out pairs are events of their own.
  const shares = events.flatMap((event) =>
    event.type === 'eval' ? (event.figures['rewards/accuracies'] ?? event.figures['accuracy'] ?? []) : [],
  )
  const last = shares.at(-1)
  return last === undefined ? undefined : 100 * last
}
