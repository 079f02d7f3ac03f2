// Settings from four places, flag > HONE_* variable > file > preset > default, each value with the place that it came
// from.
import * as v from 'valibot'
import { didYouMean, HoneError, unknownName } from '../error.ts'
import { isTree, readConfigFile, type Tree } from './config-file.ts'
import { flagOf, variableOf } from './flags.ts'
import { complaint, type Given, wrong } from './given.ts'
import { acceptsNull, entriesOf, type Leaf, leavesOf, plain, type Schema, wordsOf } from './schema.ts'
import { kebab } from '../text/setting.ts'
import { fromText } from './shape.ts'
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
  /** Flags by dotted key, as text or as values. */
  flags?: Record<string, unknown>
  /** How the command is used, where flags alone give its settings: what is said where one is missing. */
  usage?: string | undefined
}

export interface Resolved<T> {
  value: T
  /** Dotted key → `--flag`, `HONE_NAME`, `file:line`, `preset name` or `default`. */
  origins: Record<string, string>
}

/**
 * The settings that `schema`, an object schema of valibot, asks for. Keys in files may be written learningRate,
 * learning_rate or learning-rate. Throws HoneError, exit code 2, with the place and what is expected there, for an
 * unknown key, a wrong type, a value out of range and a missing one.
 */
export function resolveConfig<S extends Schema>(schema: S, sources: Sources): Resolved<v.InferOutput<S>> {
  const leaves = leavesOf(schema)
  const given = givenBy(schema, sources)
  for (const [key, source] of given)
    if (typeof source.value === 'number' && !Number.isFinite(source.value))
      throw wrong(key, source, 'a finite number', String(source.value))
  const result = v.safeParse(schema, treeOf(given))
  if (!result.success) throw complaint(result.issues, given, leaves, sources)
  return {
    value: result.output,
    origins: Object.fromEntries(leaves.map(({ key }) => [key, given.get(key)?.origin ?? 'default'])),
  }
}

/**
 * Every value that is given, by dotted key; what is not here has its default. @throws HoneError for unknown keys and
 * presets.
 */
export function givenBy(
  schema: Schema,
  { presets = {}, preset, file, env = {}, flags = {} }: Sources,
): Map<string, Given> {
  const leaves = leavesOf(schema)
  const config = file === undefined ? undefined : readConfigFile(file)
  const said = new Map([
    ...(config ? flatten(config.values, schema, config.at) : []),
    ...direct(leaves, (leaf) => env[variableOf(leaf)], variableOf),
    ...direct(leaves, ({ key }) => flags[key], flagOf),
  ])
  for (const { key, words } of leaves) spread(said, key, words.sets ?? [])
  const chosen = said.get('preset')
  const name = chosen === undefined ? preset : String(chosen.value)
  if (name === undefined) return said
  const names = Object.keys(presets)
  if (chosen && !names.includes(name))
    throw wrong('preset', chosen, `one of ${names.join(', ')}`, undefined, didYouMean(name, names))
  return new Map([...flatten(presets[name] ?? {}, schema, () => `preset ${name}`), ...said])
}

/** A value that stands for others' is theirs, where they are not given in the same breath. */
function spread(said: Map<string, Given>, key: string, others: readonly string[]): void {
  const source = said.get(key)
  if (!source || others.length === 0) return
  for (const other of others) if (!said.has(other)) said.set(other, source)
  said.delete(key)
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

/** What flags or variables say, text read as what each setting takes. */
function direct(
  leaves: readonly Leaf[],
  saidOf: (leaf: Leaf) => unknown,
  nameOf: (leaf: Leaf) => string,
): [string, Given][] {
  return leaves.flatMap((leaf): [string, Given][] => {
    const said = saidOf(leaf)
    if (said === undefined) return []
    const value = typeof said === 'string' ? fromText(said, leaf.shape) : said
    return [[leaf.key, { value, origin: nameOf(leaf), direct: true }]]
  })
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
  const keys = new Map(
    Object.entries(entries).flatMap(([key, entry]) =>
      [key, ...(wordsOf(entry).aliases ?? [])].map((name) => [plain(name), key] as const),
    ),
  )
  const given = new Map<string, Given>()
  for (const [spelling, value] of Object.entries(tree)) {
    const origin = originOf([...spelt, spelling])
    const key = keys.get(plain(spelling))
    if (key === undefined) {
      const names = Object.keys(entries).map((each) => spellingLike(spelling, each))
      throw unknownName('key', [...spelt, spelling].join('.'), names, { at: origin })
    }
    const dotted = [...parents, key].join('.')
    if (entriesOf(entries[key]!)) {
      if (!isTree(value)) throw wrong(dotted, { value, origin }, 'a mapping of keys to values')
      for (const each of flatten(value, entries[key]!, originOf, [...parents, key], [...spelt, spelling]))
        given.set(...each)
    } else if (given.has(dotted)) throw new HoneError(`Key "${dotted}" stands more than once`, { at: origin })
    else
      given.set(dotted, {
        value: value === 'none' && acceptsNull(entries[key]!) ? null : value,
        origin,
        spelt: [...spelt, spelling].join('.'),
      })
  }
  return given
}

/** A key as the writer of another one would spell it: learning_rate unless they write learningRate or learning-rate. */
function spellingLike(other: string, key: string): string {
  if (/[A-Z]/.test(other)) return key
  return other.includes('-') ? kebab(key) : kebab(key).replaceAll('-', '_')
}

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
