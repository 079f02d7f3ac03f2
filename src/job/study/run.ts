// The work of a study: every stage of every arm and seed, each a run, those that are the same once, and a score of what is left.
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EXIT, HoneError } from '../../error.ts'
import { log } from '../../out.ts'
import type { RunEvent } from '../../rundir/event.ts'
import { isRun, pathsOf, stepFile, stepsIn } from '../../rundir/paths.ts'
import { readEvents } from '../../rundir/run.ts'
import { type SeedRecord, studyPaths } from '../../rundir/study.ts'
import { modelSpec } from '../../reward/model.ts'
import { runTraining } from '../train/command.ts'
import { findKind } from '../train/kinds.ts'
import { spentIn } from './costs.ts'
import { PAIRS, type Stage, START, type Study } from './file.ts'
import { type Score, scoreOf } from './judge.ts'
import { keyOf } from './key.ts'
import { type Rollouts, settingsOf } from './settings.ts'
import { openStanding, type Standing } from './standing.ts'

/** What an arm came to with a seed. */
export interface Outcome extends Score {
  seed: number
}

export interface ArmResult {
  name: string
  seeds: Outcome[]
}

export interface StudyPlan {
  arms: readonly string[]
  seeds: readonly number[]
}

/**
 * Arms × seeds, in the order of the seeds, so that early results are of all arms. Finished runs are passed over, one that was
 * cut short goes on. Undefined where a run was interrupted. @throws HoneError
 */
export async function runStudy(
  study: Study,
  directory: string,
  { arms, seeds }: StudyPlan,
): Promise<ArmResult[] | undefined> {
  const { runs, scores } = studyPaths(directory)
  for (const folder of [runs, scores]) mkdirSync(folder, { recursive: true })
  const standing = openStanding(directory, [...study.arms.keys()])
  const results = arms.map((name): ArmResult => ({ name, seeds: [] }))
  for (const seed of seeds)
    for (const { name, seeds: outcomes } of results) {
      const record = standing.begin(name, seed)
      const trained = await trainArm(study, directory, { name, seed, record, standing })
      if (trained === undefined) return undefined
      const { model, pairs, spent } = trained
      const { parts, figures, ...score } = await scoreOf(study, model, directory)
      record.score = { value: score.value, low: score.low, high: score.high }
      standing.save()
      const interval = `[${score.low.toFixed(1)}, ${score.high.toFixed(1)}]`
      log(`${name}, seed ${seed}: ${score.value.toFixed(1)} % ${interval}${name === START ? '' : `  ${model}`}`)
      outcomes.push({
        seed,
        ...score,
        parts: { ...parts, ...(pairs !== undefined && { [PAIRS]: pairs }) },
        figures: { ...figures, ...spent },
      })
    }
  return results
}

/** Read every stage's settings as if it ran, so that a slip is known before any work. @throws HoneError */
export function checkStudy(study: Study): void {
  for (const stages of study.arms.values())
    for (const [index, stage] of stages.entries()) {
      const sampled = stages.slice(0, index).some(({ kind }) => kind === 'train')
      const rollouts = sampled ? { learnt: ['rollouts'], held: [] } : undefined
      settingsOf(study, stage, { model: study.model, output: '', seed: study.seeds[0]!, rollouts })
    }
}

/** What the stages of an arm leave. */
interface Trained {
  /** The folder of the model. */
  model: string
  /** Percent of the held-out pairs in the right order, after the last stage that looked at some. */
  pairs: number | undefined
  /** What the last stage that sampled has spent. */
  spent: Record<string, number> | undefined
}

/** Undefined where a stage was interrupted. */
async function trainArm(
  study: Study,
  directory: string,
  { name, seed, record, standing }: { name: string; seed: number; record: SeedRecord; standing: Standing },
): Promise<Trained | undefined> {
  let model = study.model
  let pairs: number | undefined
  let spent: Record<string, number> | undefined
  let reward: string | undefined
  let rollouts: Rollouts | undefined
  for (const [index, stage] of study.arms.get(name)!.entries()) {
    const run = await trainStage(study, directory, {
      stage,
      model,
      reward,
      rollouts,
      seed,
      what: `${name}, seed ${seed}, stage ${index + 1}`,
      onRun(path) {
        record.runs.push(basename(path))
        standing.save()
      },
    })
    if (run === undefined) return undefined
    const events = readEvents(pathsOf(run).events)
    pairs = pairsInOrder(events) ?? pairs
    spent = spentIn(events) ?? spent
    rollouts = rolloutsOf(run) ?? rollouts
    // What scores is no model to go on with: the next stages are rewarded by it.
    if (findKind(stage.kind).head === 'scalar') reward = modelSpec(run)
    else model = run
  }
  return { model, pairs, spent }
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

async function trainStage(
  study: Study,
  directory: string,
  {
    stage,
    model,
    reward,
    rollouts,
    seed,
    what,
    onRun,
  }: {
    stage: Stage
    model: string
    reward: string | undefined
    rollouts: Rollouts | undefined
    seed: number
    what: string
    /** Told where the stage's run lies, before it begins. */
    onRun: (path: string) => void
  },
): Promise<string | undefined> {
  const { kind } = stage
  const settings = (output: string) => settingsOf(study, stage, { model, output, seed, reward, rollouts })
  const output = join(studyPaths(directory).runs, `${kind}-${keyOf(settings('').value, kind)}`)
  onRun(output)
  if (existsSync(pathsOf(output).final)) return output
  log(`${what}: ${kind} → ${output}`)
  const code = await runTraining(kind, settings(output), isRun(output) ? output : undefined)
  if (code === EXIT.interrupted) return undefined
  if (code !== EXIT.ok)
    throw new HoneError(`Cannot go on with the study: ${what} ended with ${code}`, { at: output, exit: code })
  return output
}
