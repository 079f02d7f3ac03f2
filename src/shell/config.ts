// Settings from four places, flag > HONE_* variable > file > preset > default, each value with the place that it came from.
import * as v from 'valibot'
import { type ConfigFile, isTree, readConfigFile, type Tree } from './config-file.ts'
import { didYouMean, HoneError, lookup, unknownName } from '../error.ts'
import { aliasesOf, entriesOf, flagKey, fromText, leavesOf, type Schema, variableName } from './schema.ts'
import { table } from './table.ts'

export interface Sources {
  /** Named sets of values below everything that a user says. */
  presets?: Record<string, Tree>
  /** The preset used where no other place names one under the key `preset`. */
  preset?: string
  /** Path of a .yaml, .yml, .toml or .json file. */
  file?: string | undefined
  /** Environment variables; `learningRate` is read from HONE_LEARNING_RATE. */
  env?: Record<string, string | undefined>
  /** Flags as citty gives them for `flagsOf(schema)`. */
  flags?: Record<string, unknown>
}

export interface Resolved<T> {
  value: T
  /** Dotted key → `--flag`, `HONE_NAME`, `file:line`, `preset name` or `default`. */
  origins: Record<string, string>
}

interface Given {
  value: unknown
  origin: string
}

/**
 * The settings that `schema`, an object schema of valibot, asks for. Keys in files may be written learningRate, learning_rate
 * or learning-rate. Throws HoneError, exit code 2, with the place and what is expected there, for an unknown key, a wrong
 * type, a value out of range and a missing one.
 */
export function resolveConfig<S extends Schema>(schema: S, sources: Sources): Resolved<v.InferOutput<S>> {
  const file = sources.file === undefined ? undefined : readConfigFile(sources.file)
  const said = new Map([
    ...fromFile(file, schema),
    ...fromEnvironment(sources.env ?? {}, schema),
    ...fromFlags(sources.flags ?? {}, schema),
  ])
  const given = new Map([...fromPreset(sources, said.get('preset'), schema), ...said])
  for (const [key, { value, origin }] of given)
    if (typeof value === 'number' && !Number.isFinite(value)) throw wrong(key, 'a finite number', value, origin)
  const result = v.safeParse(schema, treeOf(given))
  if (!result.success) throw complaint(result.issues, given, sources.file)
  const origins = Object.fromEntries(
    leavesOf(schema).map(({ keys }) => [keys.join('.'), given.get(keys.join('.'))?.origin ?? 'default']),
  )
  return { value: result.output, origins }
}

/** Lines of three columns for people: key, value, origin. */
export function configTable({ value, origins }: Resolved<unknown>): string[] {
  return table(
    Object.entries(origins).map(([key, origin]) => [
      key,
      JSON.stringify(valueAt(value, key.split('.'))) ?? 'unset',
      origin,
    ]),
  )
}

function fromPreset({ presets = {}, preset }: Sources, said: Given | undefined, schema: Schema): Map<string, Given> {
  const name = said === undefined ? preset : String(said.value)
  if (name === undefined) return new Map()
  return flatten(lookup(presets, 'preset', name, { at: said?.origin }), schema, () => `preset ${name}`)
}

function fromFile(file: ConfigFile | undefined, schema: Schema): Map<string, Given> {
  return file ? flatten(file.values, schema, file.at) : new Map()
}

function fromEnvironment(environment: Record<string, string | undefined>, schema: Schema): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const leaf of leavesOf(schema)) {
    const origin = variableName(leaf.keys)
    const text = environment[origin]
    if (text !== undefined) given.set(leaf.keys.join('.'), { value: fromText(text, leaf.schema), origin })
  }
  return given
}

function fromFlags(flags: Record<string, unknown>, schema: Schema): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const leaf of leavesOf(schema)) {
    const flag = flags[flagKey(leaf.keys)]
    if (flag !== undefined)
      given.set(leaf.keys.join('.'), {
        value: typeof flag === 'string' ? fromText(flag, leaf.schema) : flag,
        origin: `--${flagKey(leaf.keys)}`,
      })
  }
  return given
}

/** Dotted key → value, for every key of a tree that the schema knows. */
function flatten(
  tree: Tree,
  schema: Schema,
  originOf: (keys: string[]) => string,
  parents: string[] = [],
  spelt: string[] = [],
): Map<string, Given> {
  const entries = entriesOf(schema) ?? {}
  const given = new Map<string, Given>()
  for (const [spelling, value] of Object.entries(tree)) {
    const origin = originOf([...spelt, spelling])
    const key = Object.entries(entries).find(([each, entry]) =>
      [each, ...aliasesOf(entry)].some((name) => plain(name) === plain(spelling)),
    )?.[0]
    if (key === undefined)
      throw unknownName('key', [...spelt, spelling].join('.'), Object.keys(entries), { at: origin })
    const dotted = [...parents, key].join('.')
    if (entriesOf(entries[key]!)) {
      if (!isTree(value)) throw wrong(dotted, 'a mapping of keys to values', value, origin)
      for (const each of flatten(value, entries[key]!, originOf, [...parents, key], [...spelt, spelling]))
        given.set(...each)
    } else if (given.has(dotted)) throw new HoneError(`Key "${dotted}" stands more than once`, { at: origin })
    else given.set(dotted, { value, origin })
  }
  return given
}

const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase()

function treeOf(given: ReadonlyMap<string, Given>): Tree {
  const root: Tree = {}
  for (const [dotted, { value }] of given) {
    const keys = dotted.split('.')
    let tree = root
    for (const key of keys.slice(0, -1)) {
      const next = tree[key]
      tree = isTree(next) ? next : (tree[key] = {} satisfies Tree)
    }
    tree[keys.at(-1)!] = value
  }
  return root
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((tree, key) => (isTree(tree) ? tree[key] : undefined), value)
}

/** What was said wrongly comes before what was not said. */
function complaint(
  issues: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
  given: ReadonlyMap<string, Given>,
  file: string | undefined,
): HoneError {
  const sourceOf = (issue: v.BaseIssue<unknown>): Given | undefined => {
    const dotted = v.getDotPath(issue) ?? ''
    return [...given.entries()].find(([key]) => dotted === key || dotted.startsWith(`${key}.`))?.[1]
  }
  const issue = issues.find((each) => sourceOf(each) !== undefined) ?? issues[0]
  const dotted = v.getDotPath(issue) ?? ''
  const source = sourceOf(issue)
  if (source === undefined && issue.received === 'undefined') {
    const keys = dotted.split('.')
    return new HoneError(`Setting "${dotted}" is missing`, {
      at: file,
      hint: `set it in the configuration file, as --${flagKey(keys)} or as ${variableName(keys)}`,
    })
  }
  const at = source?.origin ?? file
  if (dotted === '') return new HoneError(issue.message, { at })
  if (issue.expected === null) return new HoneError(`Setting "${dotted}": ${issue.message}`, { at })
  const expected = issue.expected.replace(/[()]/g, '').replaceAll(' | ', ' or ')
  return new HoneError(`Setting "${dotted}" must be ${expected}: current value is ${issue.received}`, {
    at,
    hint: didYouMean(issue.received.replaceAll('"', ''), issue.expected.match(/(?<=")[\w-]+(?=")/g) ?? []),
  })
}

function wrong(key: string, expected: string, value: unknown, at: string): HoneError {
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return new HoneError(`Setting "${key}" must be ${expected}: current value is ${shown}`, { at })
}
