// The settings of a command line: preset, file, variables and flags, or those of the run that is resumed.
import type * as v from 'valibot'
import { configTable, type Resolved, resolveConfig } from '../../shell/config.ts'
import { readConfigFile, type Tree } from '../../shell/config-file.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import { checkNewRun, readRecord } from '../../rundir/run.ts'
import { aliasesOf, flagsOf, type Schema } from '../../shell/schema.ts'
import { sftPresets, trainPresets } from '../../rl/presets.ts'
import { SftRecipe, TrainRecipe } from '../../rl/recipe.ts'

/** Arguments that `sft` and `train` share beside their settings. */
export function argumentsOf(schema: Schema) {
  return {
    config: { type: 'positional', required: false, description: 'settings as .yaml, .toml or .json' },
    resume: { type: 'string', valueHint: 'RUN', description: 'go on with the run in this directory' },
    'print-config': { type: 'boolean', description: 'print each setting with where it comes from, and stop' },
    ...flagsOf(schema),
  } as const
}

export interface SettingsOptions<S extends Schema> {
  command: string
  schema: S
  presets: Record<string, Tree>
  args: Record<string, unknown>
}

/** The settings asked for, or undefined where they were only to be printed. @throws HoneError as resolveConfig does. */
export function settingsOf<S extends v.GenericSchema<unknown, { output: string }>>({
  command,
  schema,
  presets,
  args,
}: SettingsOptions<S>): { settings: Resolved<v.InferOutput<S>>; resume: string | undefined } | undefined {
  const [file, resume] = [textOf(args['config']), textOf(args['resume'])]
  if (file !== undefined && resume !== undefined)
    throw new HoneError('Cannot resume a run with another configuration file', {
      hint: 'Leave the file out: the run keeps its own settings; single ones may be changed by flags.',
    })
  const settings =
    resume === undefined
      ? resolveConfig(schema, { presets, preset: 'tool-n1', file, env: process.env, flags: args })
      : resumed(command, schema, resume, args)
  if (args['print-config'] === true) {
    for (const line of configTable(settings)) data(line)
    return undefined
  }
  if (resume === undefined) checkNewRun(settings.value.output)
  return { settings, resume }
}

/** Settings as the run recorded them. Variables of the environment do not change them, flags do. */
function resumed<S extends Schema>(command: string, schema: S, directory: string, flags: Record<string, unknown>) {
  const record = readRecord(directory)
  if (record.command !== command)
    throw new HoneError(`Cannot resume "${directory}" with ${command}: it is a run of ${record.command}`, {
      at: directory,
      hint: `hone ${record.command} --resume ${directory}`,
    })
  const { preset: _, ...settings } = record.settings
  return resolveConfig(schema, { presets: { [directory]: settings }, preset: directory, flags })
}

/** Whether the settings are meant for `sft` or for `train`: told by the run, by a preset, or by a key that only one has. */
export function commandOf(args: Record<string, unknown>): 'sft' | 'train' {
  const [file, resume] = [textOf(args['config']), textOf(args['resume'])]
  if (resume !== undefined) return readRecord(resume).command === 'sft' ? 'sft' : 'train'
  const said = { ...(file !== undefined && readConfigFile(file).values), ...args }
  if (Object.hasOwn(sftPresets, String(said['preset'])) && !Object.hasOwn(trainPresets, String(said['preset'])))
    return 'sft'
  const own = Object.entries(SftRecipe.entries).filter(([key]) => !Object.hasOwn(TrainRecipe.entries, key))
  const spellings = new Set(own.flatMap(([key, schema]) => [key, ...aliasesOf(schema)].map(plain)))
  return Object.entries(said).some(([key, value]) => value !== undefined && spellings.has(plain(key))) ? 'sft' : 'train'
}

/** A key without what spellings differ in. */
const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase()

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
