// The demonstration: MiniCall from its warm start through GRPO, or a control of it, evaluated before and after.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { datasets, model, phases, settings, task as lesson } from '../../../fixtures/shipped.ts'
import { resolveConfig } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import { EXIT, type ExitCode } from '../../error.ts'
import { makeFolder } from '../../gpu/weights/folder.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { data, log } from '../../out.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import { checkNewRun } from '../../rundir/run.ts'
import { demoReport, demoSummary, readDemo } from './report.ts'
import { sftPresets, trainPresets } from '../../rl/presets.ts'
import { SftRecipe, TrainRecipe } from '../../rl/recipe.ts'
import { runTraining } from '../train/command.ts'

export interface DemoOptions {
  /** Folder of the demonstration: the task, and a run beside it. */
  output: string
  /** Spend the compute on more fine-tuning on right answers instead. */
  moreSft: boolean
  /** Flags of `train` (or `sft`), which override the settings of the demonstration. */
  flags: Record<string, unknown>
}

/** Fine-tuning steps of 16 rows whose arithmetic is that of the 45 GRPO steps. */
const SFT_STEPS = 105
const LAST = phases.at(-1)!
/** Stage of the random keys of rows that no lesson of the warm start has. */
const STAGE_MORE = 20
/** The task is one: the seed of a run changes which prompts it meets and what it samples, not what is asked. */
const TASK_SEED = 0

/** Run it and say what came of it: for people on stderr, as one JSON line on stdout. @throws HoneError */
export async function demo({ output, moreSft, flags }: DemoOptions): Promise<ExitCode> {
  const run = join(output, 'run')
  checkNewRun(run)
  const task = join(output, 'minicall')
  const held = writeTask(task)
  const places = {
    model: join(task, 'model'),
    data: [join(task, moreSft ? 'sft.jsonl' : 'train.jsonl')],
    evalData: [join(task, 'test-seen.jsonl'), join(task, 'test-unseen.jsonl')],
    output: run,
  }
  const code = moreSft ? await fineTune(places, flags) : await reinforce(places, flags)
  if (code !== EXIT.ok) return code
  const found = readDemo(run)
  const questions = new Map(held.map(({ id, messages }) => [id, messages.at(-1)?.content ?? '']))
  for (const line of demoReport(found, questions)) log(line)
  data(JSON.stringify(demoSummary(found)))
  return EXIT.ok
}

async function reinforce(places: Tree, flags: Record<string, unknown>): Promise<ExitCode> {
  const presets = { ...trainPresets, minicall: { ...settings.grpo, ...places } }
  return await runTraining('train', resolveConfig(TrainRecipe, { presets, preset: 'minicall', flags }), undefined)
}

async function fineTune(places: Tree, flags: Record<string, unknown>): Promise<ExitCode> {
  const { preset: _, ...lesson } = settings.sft
  const minicall = { ...sftPresets.full, ...lesson, ...places, steps: SFT_STEPS, evalAtStart: true }
  const resolved = resolveConfig(SftRecipe, { presets: { minicall }, preset: 'minicall', flags })
  return await runTraining('sft', resolved, undefined)
}

/** The model folder, the prompts to train on, right answers that the warm start has not seen, and the held-out rows, which are returned. */
function writeTask(dir: string): HoneRow[] {
  makeFolder(join(dir, 'model'))
  for (const [name, text] of Object.entries(model.texts)) writeFileAtomic(join(dir, 'model', name), text)
  writeFileAtomic(join(dir, 'model', 'model.safetensors'), readFileSync(model.weights))
  const { names, files } = datasets(TASK_SEED)
  const held = { 'test-seen.jsonl': files['test-seen.jsonl'](), 'test-unseen.jsonl': files['test-unseen.jsonl']() }
  for (const [name, rows] of Object.entries({ ...held, 'train.jsonl': files['train.jsonl']() }))
    writeRows(join(dir, name), rows)
  const context = { seed: TASK_SEED, names: names.train, stage: STAGE_MORE }
  const lessons = Array.from({ length: SFT_STEPS * LAST.rows }, (_, index) => lesson(context, index))
  writeRows(join(dir, 'sft.jsonl'), lessons)
  return Object.values(held).flat()
}

function writeRows(path: string, rows: readonly unknown[]): void {
  writeFileAtomic(path, rows.map((row) => JSON.stringify(row) + '\n').join(''))
}
