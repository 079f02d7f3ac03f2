// The variables that hone reads: its own and other programs', and one for every setting of training.
import { unknownName } from '../error.ts'
import { variableOf } from '../shell/flags.ts'
import { leavesOf } from '../shell/schema.ts'

/** Its own and other programs'. */
export const variables: Readonly<Record<string, string>> = {
  HONE_CACHE: 'folder for what can be made again',
  HONE_ORT_DIR: 'folder of another ONNX Runtime',
  HONE_THREADS: 'threads of the CPU, of every command: all cores where it is not set',
  HONE_BIN: 'another hone, for the files of hone export --reward',
  HONE_DEBUG: '1 shows the stack of an error, with lines of the source',
  HONE_NO_PROGRESS: 'any value hides the status line',
  HONE_FORMAT: 'format of findings where none is given',
  HONE_TOKEN: 'bearer token that serve-reward demands',
  HONE_SHARED: 'reference files, for the tests of hone',
  HONE_BINARY: 'binary to test, for the tests of hone',
  HONE_PART: 'part of a file that a process of hone is started for',
  HONE_JOIN: 'set for the further processes of a run that has several',
  HONE_STUDY_PART: 'set for a process of hone that has one seed of a study',
  HONE_ROW: 'the row that an agent is started for, as JSON',
  OPENAI_API_KEY: 'key for the endpoint that eval asks',
  OPENAI_BASE_URL: 'endpoint that is asked where no other and no model is named',
  HF_HOME: "folder of Hugging Face's programs, whose hub/ holds downloaded models",
  HF_HUB_CACHE: 'folder of downloaded models, before the one in HF_HOME',
  XDG_CACHE_HOME: 'parent of the cache folder',
  NO_COLOR: 'any value turns colour off',
  FORCE_COLOR: 'any value but 0 turns colour on, also in a pipe',
  CLICOLOR_FORCE: 'the same',
  GITHUB_ACTIONS: 'true, as a workflow of GitHub sets it: findings are written as its annotations',
  BUN_OPTIONS: 'options that the runtime takes, also in a compiled hone',
  BUN_BE_BUN: '1 makes a compiled hone act as Bun itself',
  LD_LIBRARY_PATH: 'where the system looks for libraries',
  CUDA_VISIBLE_DEVICES: 'which GPUs a program sees',
}

/** Name → what it is for. */
export async function knownVariables(): Promise<Record<string, string>> {
  const { kinds } = await import('./train/kinds.ts')
  const what = `a setting of ${Object.keys(kinds).join(', ')}`
  const settings = Object.values(kinds).flatMap(({ schema }) => leavesOf(schema).map(variableOf))
  return { ...Object.fromEntries(settings.map((name) => [name, what])), ...variables }
}

/**
 * @throws HoneError, with the nearest name, for a variable HONE_… that is none of hone's: a setting would be passed
 * over.
 */
export async function checkVariables(environment: Record<string, string | undefined>): Promise<void> {
  const others = Object.keys(environment).filter((name) => name.startsWith('HONE_') && !Object.hasOwn(variables, name))
  if (others.length === 0) return
  const known = await knownVariables()
  const strange = others.find((name) => !Object.hasOwn(known, name))
  if (strange !== undefined)
    throw unknownName('variable', strange, Object.keys(known), { hint: 'hone doctor lists those that are in force' })
}
