// Settings as flags: their names, and a strict reading of a command line, which citty would let pass or misread in
// silence.
import type { ArgDef, ArgsDef } from 'citty'
import { HoneError, unknownName } from '../error.ts'
import { type Leaf } from './schema.ts'
import { kebab } from '../text/setting.ts'

/** The name under which citty holds a setting: `learningRate` is `learning-rate`. */
export const nameOf = ({ key }: Leaf): string => kebab(key)

/** A setting as a person types it: `--learning-rate`; one that is given by its place as help shows it: `FILE`. */
export const flagOf = (leaf: Leaf): string => (leaf.words.positional ? leaf.key.toUpperCase() : `--${nameOf(leaf)}`)

/** The environment variable of a setting: `learningRate` is `HONE_LEARNING_RATE`. */
export const variableOf = (leaf: Leaf): string => `HONE_${nameOf(leaf).replace(/[.-]/g, '_').toUpperCase()}`

/** Takes every place that is left; citty keeps them under `_`. */
export const takesMany = ({ words, shape }: Leaf): boolean => words.positional === true && shape.type === 'list'

/** What citty needs to know: it reads text, and the schema says what the text must be. */
export function argumentsOf(leaves: readonly Leaf[]): ArgsDef {
  return Object.fromEntries(leaves.map((leaf) => [nameOf(leaf), argumentOf(leaf)]))
}

function argumentOf({ words, shape }: Leaf): ArgDef {
  if (words.positional) return { type: 'positional', required: false }
  return { type: shape.type === 'boolean' ? 'boolean' : 'string' }
}

/** What citty read, by key. */
export function givenOf(leaves: readonly Leaf[], args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const places = Array.isArray(args['_']) ? args['_'] : []
  const given = leaves.map((leaf, index) => {
    const value = args[nameOf(leaf)]
    if (leaf.words.repeats) return [leaf.key, typeof value === 'string' ? JSON.parse(value) : value] as const
    if (!takesMany(leaf)) return [leaf.key, value] as const
    const before = leaves.slice(0, index).filter(({ words }) => words.positional).length
    return [leaf.key, places.length > before ? places.slice(before) : undefined] as const
  })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/**
 * Check `argv` and rewrite it as `--name=value … -- positional …`, which citty reads without surprises. A flag may be
 * spelt with dashes, with underscores or as it is declared. Negative numbers and `-` are values, `--` ends the flags.
 * The values of a flag that may be given several times become one list of JSON. Throws HoneError for an unknown flag, one
 * that is repeated and must not be, a missing value and an extra argument, which are answered with `usage`.
 */
export function strictArguments(argv: readonly string[], leaves: readonly Leaf[], usage: string): string[] {
  const known = spellingsOf(leaves)
  const flags: string[] = []
  const places: string[] = []
  const seen = new Set<Leaf>()
  const lists = new Map<Leaf, string[]>()
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') {
      places.push(...argv.slice(i + 1))
      break
    }
    if (!isFlag(word)) {
      places.push(word)
      continue
    }
    const [, flag = word, inline] = /^(-[^=]*)(?:=(.*))?$/s.exec(word) ?? []
    const { leaf, negated } = known.get(spelt(flag)) ?? known.get(flag) ?? unknownFlag(spelt(flag))
    if (seen.has(leaf) && !leaf.words.repeats)
      throw new HoneError(`Cannot use ${flagOf(leaf)} more than once`, { hint: usage })
    seen.add(leaf)
    if (leaf.shape.type === 'boolean') {
      if (inline !== undefined && inline !== 'true' && inline !== 'false')
        throw new HoneError(`${flag} takes no value: current value is "${inline}"`, { hint: usage })
      flags.push(`--${(inline !== 'false') === negated ? 'no-' : ''}${nameOf(leaf)}`)
      continue
    }
    const value = inline ?? argv[++i]
    if (value === undefined || (inline === undefined && (value === '--' || isFlag(value))))
      throw new HoneError(`${flag} needs a value`, {
        hint: `to pass a value that begins with a dash, write ${flagOf(leaf)}=VALUE`,
      })
    if (leaf.words.repeats) lists.set(leaf, [...(lists.get(leaf) ?? []), value])
    else flags.push(`--${nameOf(leaf)}=${value}`)
  }
  for (const [leaf, values] of lists) flags.push(`--${nameOf(leaf)}=${JSON.stringify(values)}`)
  const room = leaves.some(takesMany) ? Infinity : leaves.filter(({ words }) => words.positional).length
  if (places.length > room) throw new HoneError(`Unexpected argument "${places[room]}"`, { hint: usage })
  return [...flags, '--', ...places]

  function unknownFlag(flag: string): never {
    // What another command takes as a flag, this one may take by its place.
    if (leaves.some((leaf) => leaf.words.positional && flag === `--${nameOf(leaf)}`))
      throw new HoneError(`Cannot use ${flag} as a flag: it is given by its place`, { hint: usage })
    throw unknownName('flag', flag, [...known.keys(), '--help'], {
      hint: 'run the command with --help to see its flags',
    })
  }
}

/** True for `-x` and `--x`; false for `-` and for negative numbers. */
function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !/^-(\d|\.\d|inf(inity)?$)/i.test(word)
}

interface Spelling {
  leaf: Leaf
  /** It turns the flag off. */
  negated: boolean
}

function spellingsOf(leaves: readonly Leaf[]): Map<string, Spelling> {
  const known = new Map<string, Spelling>()
  for (const leaf of leaves.filter(({ words }) => !words.positional)) {
    for (const each of [
      flagOf(leaf),
      `--${leaf.key}`,
      ...longOf(leaf).map((alias) => `--${kebab(alias)}`),
      ...shortOf(leaf),
    ])
      known.set(each, { leaf, negated: false })
    if (leaf.shape.type === 'boolean') known.set(`--no-${nameOf(leaf)}`, { leaf, negated: true })
  }
  return known
}

/** Other names of a setting, as they are declared. */
export const longOf = ({ words }: Leaf): string[] => (words.aliases ?? []).filter((alias) => alias.length > 1)

/** Short forms of a flag: `-o`. */
export const shortOf = ({ words }: Leaf): string[] =>
  (words.aliases ?? []).filter((alias) => alias.length === 1).map((letter) => `-${letter}`)

const spelt = (flag: string): string => (flag.startsWith('--') ? `--${flag.slice(2).replaceAll('_', '-')}` : flag)

