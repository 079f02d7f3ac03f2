// The settings of a command line: preset, file, variables and flags, or those of the run that is resumed.
import { configTable, type Resolved, resolveConfig } from '../../shell/config.ts'
import { readConfigFile } from '../../shell/config-file.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import { checkNewRun, readRecord } from '../../rundir/run.ts'
import { aliasesOf, entriesOf, flagsOf } from '../../shell/schema.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import type { Kind } from './kind.ts'
import { findKind, kinds } from './kinds.ts'

/** The arguments of kinds of training: what they share, and the settings of each. */
export function argumentsOf(...names: string[]) {
  return {
    config: { type: 'positional', required: false, description: 'settings as .yaml, .toml or .json' },
    resume: { type: 'string', valueHint: 'RUN', description: 'go on with the run in this directory' },
    'print-config': { type: 'boolean', description: 'print each setting with where it comes from, and stop' },
    ...Object.assign({}, ...names.map((name) => flagsOf(findKind(name).schema))),
  } as const
}

/** The settings asked for, or undefined where they were only to be printed. @throws HoneError as resolveConfig does. */
export function settingsOf(
  command: string,
  args: Record<string, unknown>,
): { settings: Resolved<CommonRecipe>; resume: string | undefined } | undefined {
  const { schema, presets, preset } = findKind(command)
  const [file, resume] = [textOf(args['config']), textOf(args['resume'])]
  if (file !== undefined && resume !== undefined)
    throw new HoneError('Cannot resume a run with another configuration file', {
      hint: 'Leave the file out: the run keeps its own settings; single ones may be changed by flags.',
    })
  const settings =
    resume === undefined
      ? resolveConfig(schema, { presets, preset, file, env: process.env, flags: args })
      : resumed(command, schema, resume, args)
  if (args['print-config'] === true) {
    for (const line of configTable(settings)) data(line)
    return undefined
  }
  if (resume === undefined) checkNewRun(settings.value.output)
  return { settings, resume }
}

/** Settings as the run recorded them. Variables of the environment do not change them, flags do. */
function resumed(command: string, schema: Kind['schema'], directory: string, flags: Record<string, unknown>) {
  const record = readRecord(directory)
  if (record.command !== command)
    throw new HoneError(`Cannot resume "${directory}" with ${command}: it is a run of ${record.command}`, {
      at: directory,
      hint: `hone ${record.command} --resume ${directory}`,
    })
  const { preset: _, ...settings } = record.settings
  return resolveConfig(schema, { presets: { [directory]: settings }, preset: directory, flags })
}

/** The kind of training that the arguments mean: that of the run, or else the one that alone knows most of what is given. */
export function kindOf(args: Record<string, unknown>): string {
  const [file, resume] = [textOf(args['config']), textOf(args['resume'])]
  if (resume !== undefined) return readRecord(resume).command
  const said = { ...(file !== undefined && readConfigFile(file).values), ...args }
  const keys = Object.keys(said).filter((key) => said[key] !== undefined)
  const known = ({ schema, presets }: Kind): Set<string> => {
    const settings = Object.entries(entriesOf(schema) ?? {})
    const spellings = new Set(settings.flatMap(([key, entry]) => [key, ...aliasesOf(entry)].map(plain)))
    const preset = Object.hasOwn(presets, String(said['preset'])) ? ['its preset'] : []
    return new Set([...keys.filter((key) => spellings.has(plain(key))), ...preset])
  }
  const usual = known(kinds[USUAL]!)
  const alone = (name: string) => known(kinds[name]!).difference(usual).size
  return Object.keys(kinds).reduce((best, name) => (alone(name) > alone(best) ? name : best), USUAL)
}

/** What settings that say nothing else are taken for. */
const USUAL = 'train'

/** A key without what spellings differ in. */
const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase()

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
