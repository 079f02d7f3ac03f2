// The demonstration: MiniCall from its warm start through GRPO, or a control of it, evaluated before and after.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { datasets, model, phases, settings, studies, task as lesson } from '../../../fixtures/shipped.ts'
import { resolveConfig } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { makeFolder } from '../../gpu/weights/folder.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { data, log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import { isRun } from '../../rundir/paths.ts'
import { checkNewRun } from '../../rundir/run.ts'
import { demoReport, demoSummary, readDemo } from './report.ts'
import { demoStudy, listStudies, MINICALL, studyFlags } from './shipped.ts'
import { sftPresets } from '../../rl/presets.ts'
import { argument, folder, otherwise, say, text, toggle } from '../../text/setting.ts'
import { findKind } from '../train/kinds.ts'
import { runTraining } from '../train/command.ts'

export const DemoFlags = v.object({
  name: argument(otherwise(text('NAME'), 'MiniCall'), 'a shipped study (--list names them)'),
  list: say(toggle(), 'name the shipped studies with the bars that they must reach'),
  ...studyFlags,
  moreSft: say(toggle(), 'control: spend the same compute on more fine-tuning on right answers'),
  output: say(
    otherwise(folder(), 'runs/demo, runs/NAME for a study'),
    'folder of the demonstration: the task, and its runs beside it',
  ),
})
export type DemoFlags = v.InferOutput<typeof DemoFlags>

/** Fine-tuning steps of 16 rows whose arithmetic is that of the 45 GRPO steps. */
const SFT_STEPS = 105
const LAST = phases.at(-1)!
/** Stage of the random keys of rows that no lesson of the warm start has. */
const STAGE_MORE = 20
/** The task is one: the seed of a run changes which prompts it meets and what it samples, not what is asked. */
const TASK_SEED = 0

/**
 * Run it and say what came of it: for people on stderr, as one JSON line on stdout. `given` are flags of `train`, or of
 * `sft`. @throws HoneError
 */
export async function demo(flags: DemoFlags, given: Tree): Promise<ExitCode> {
  if (flags.list) return listStudies(studies, flags.format)
  if (flags.name !== undefined && flags.name !== MINICALL.name)
    return await demoStudy(studies, flags.name, flags, given)
  const { run, task } = placesOf(flags.output)
  const { schema, sources } = below(flags, given)
  const recipe = resolveConfig(schema, sources)
  if (isRun(run))
    throw new HoneError(`Cannot start the demonstration in "${flags.output ?? USUAL}": it holds one already`, {
      at: run,
      hint: `hone watch ${run} shows it; give another folder with --output`,
    })
  checkNewRun(run)
  log('A model of 2.5 million parameters learns to call tools it has never seen: about 2 minutes on 2 idle cores.')
  const held = writeTask(task)
  const code = await runTraining(flags.moreSft ? 'sft' : 'train', recipe, undefined)
  if (code !== EXIT.ok) return code
  const found = readDemo(run)
  for (const line of demoReport(found, new Map(held.map((row) => [row.id, row])))) log(line)
  // A person has read it above.
  if (!process.stdout.isTTY) data(JSON.stringify(demoSummary(found)))
  log(`the run lies in ${run}, its rows in ${task}`)
  next(
    [['watch', run], 'read the run: curves, and every completion'],
    [['chat', run], 'talk to the model'],
    [['init', 'train', '-o', 'mine'], 'start a run of your own'],
  )
  return EXIT.ok
}

/** The folder of MiniCall unless given. */
const USUAL = 'runs/demo'

const placesOf = (output = USUAL) => ({ run: join(output, 'run'), task: join(output, 'minicall') })

/** The settings of the demonstration and where their values come from. */
export function below({ output, moreSft }: DemoFlags, given: Tree) {
  const { run, task } = placesOf(output)
  const places = {
    model: join(task, 'model'),
    data: [join(task, moreSft ? 'sft.jsonl' : 'train.jsonl')],
    evalData: [join(task, 'test-seen.jsonl'), join(task, 'test-unseen.jsonl')],
    output: run,
  }
  const { schema, presets } = findKind(moreSft ? 'sft' : 'train')
  const { preset: _, ...lesson } = settings.sft
  const more = { ...sftPresets.full, ...lesson, steps: SFT_STEPS, evalAtStart: true }
  const minicall = { ...(moreSft ? more : settings.grpo), ...places }
  return { schema, sources: { presets: { ...presets, minicall }, preset: 'minicall', flags: given } }
}

/**
 * The model folder, the prompts to train on, right answers that the warm start has not seen, and the held-out rows,
 * which are returned.
 */
function writeTask(dir: string): HoneRow[] {
  makeFolder(join(dir, 'model'))
  for (const [name, content] of Object.entries(shippedModel())) writeFileAtomic(join(dir, 'model', name), content)
  const { names, files } = datasets(TASK_SEED)
  const held = { 'test-seen.jsonl': files['test-seen.jsonl'](), 'test-unseen.jsonl': files['test-unseen.jsonl']() }
  for (const [name, rows] of Object.entries({ ...held, 'train.jsonl': files['train.jsonl']() }))
    writeRows(join(dir, name), rows)
  const context = { seed: TASK_SEED, names: names.train, stage: STAGE_MORE }
  const lessons = Array.from({ length: SFT_STEPS * LAST.rows }, (_, index) => lesson(context, index))
  writeRows(join(dir, 'sft.jsonl'), lessons)
  return Object.values(held).flat()
}

/** The files of the shipped model's folder. */
export const shippedModel = (): Record<string, string | Uint8Array> => ({
  ...model.texts,
  'model.safetensors': readFileSync(model.weights),
})

/** So many rows to train on, and so many held-out ones whose tools are in none of them. */
export function shippedRows(count: number, heldOut: number) {
  const { files } = datasets(TASK_SEED)
  return { train: files['train.jsonl'](count), unseen: files['test-unseen.jsonl'](heldOut) }
}

/** The recipe that was measured to learn. */
export const shippedSettings = () => v.parse(ShippedSettings, settings.grpo)

const ShippedSettings = v.object({
  learningRate: v.number(),
  groupSize: v.number(),
  promptsPerStep: v.number(),
  maxPromptLength: v.number(),
  maxCompletionLength: v.number(),
})

function writeRows(path: string, rows: readonly unknown[]): void {
  writeFileAtomic(path, rows.map((row) => JSON.stringify(row) + '\n').join(''))
}
