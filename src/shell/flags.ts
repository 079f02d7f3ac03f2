// Strict reading of a command's flags: what citty would let pass silently is an error here, and what it misreads is spelt out for it.
import type { ArgDef, ArgsDef } from 'citty'
import { didYouMean, HoneError, unknownName } from '../error.ts'

/** A positional argument that takes every remaining one; the command reads them from `args._`. */
export const FILES = {
  type: 'positional',
  valueHint: '...',
  description: 'input files; - is standard input',
} as const satisfies ArgDef

/** Flags that every command takes beside its own; cli.ts acts on them. */
export const EVERYWHERE = {
  quiet: { type: 'boolean', alias: 'q', description: 'leave out everything but data and errors' },
  verbose: { type: 'boolean', alias: 'v', description: 'also say what is being done' },
} as const satisfies ArgsDef

/** The flag as a person types it: `maxNewTokens` → `--max-new-tokens`. */
export const flagName = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()).replaceAll('_', '-')}`

export const isVariadic = (arg: ArgDef): boolean => arg.type === 'positional' && arg.valueHint === '...'

/**
 * Check `argv` against `definitions` and rewrite it as `--name=value … -- positional …`, which citty reads without surprises.
 * Negative numbers and `-` are values, `--` ends the flags. Throws HoneError for an unknown or repeated flag, a missing
 * value, a value that is none of an enum's options, a missing or an extra positional argument.
 */
export function strictArguments(argv: readonly string[], definitions: ArgsDef): string[] {
  const flags: string[] = []
  const positionals: string[] = []
  const seen = new Set<string>()
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') {
      positionals.push(...argv.slice(i + 1))
      break
    }
    if (!isFlag(word)) {
      positionals.push(word)
      continue
    }
    const { name, definition, negated, flag, inline } = findFlag(word, definitions)
    if (seen.has(name)) throw new HoneError(`Cannot use ${flagName(name)} more than once`)
    seen.add(name)
    if (definition.type === 'boolean') {
      if (inline !== undefined && inline !== 'true' && inline !== 'false')
        throw new HoneError(`${flag} takes no value: current value is "${inline}"`)
      flags.push((inline !== 'false') === negated ? `--no-${name}` : `--${name}`)
      continue
    }
    const value = inline ?? argv[++i]
    if (value === undefined || (inline === undefined && (value === '--' || isFlag(value))))
      throw new HoneError(`${flag} needs a value`, {
        hint: `to pass a value that begins with a dash, write ${flagName(name)}=VALUE`,
      })
    checkOption(flagName(name), value, definition)
    flags.push(`--${name}=${value}`)
  }
  checkPresence(positionals, seen, definitions)
  return [...flags, '--', ...positionals]
}

/** The value of a numeric flag, or undefined when it was not given. Throws HoneError unless it is a number within the limits. */
export function numberFlag(
  text: string | undefined,
  flag: string,
  limits: { min?: number; max?: number; integer?: boolean } = {},
): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? NaN : Number(text)
  const { min = -Infinity, max = Infinity, integer = false } = limits
  if (Number.isNaN(value) || value < min || value > max || (integer && !Number.isSafeInteger(value))) {
    const range = [min > -Infinity && `at least ${min}`, max < Infinity && `at most ${max}`]
      .filter(Boolean)
      .join(' and ')
    throw new HoneError(
      `${flag} must be ${integer ? 'an integer' : 'a number'}${range && ' of '}${range}: current value is "${text}"`,
    )
  }
  return value
}

/** True for `-x` and `--x`; false for `-` and for negative numbers. */
function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !/^-(\d|\.\d|inf(inity)?$)/i.test(word)
}

function findFlag(word: string, definitions: ArgsDef) {
  const [, flag = word, inline] = /^(-[^=]*)(?:=(.*))?$/s.exec(word) ?? []
  const spelling = flag.startsWith('--') ? '--' + flag.slice(2).replaceAll('_', '-') : flag
  const known = new Map<string, { name: string; definition: ArgDef; negated: boolean }>()
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === 'positional') continue
    const spellings = [
      flagName(name),
      `--${name}`,
      ...aliases(definition).map((alias) => (alias.length === 1 ? `-${alias}` : flagName(alias))),
    ]
    for (const each of spellings) known.set(each, { name, definition, negated: false })
    if (definition.type === 'boolean') known.set(`--no-${flagName(name).slice(2)}`, { name, definition, negated: true })
  }
  const found = known.get(spelling) ?? known.get(flag)
  if (found) return { ...found, flag, inline }
  throw unknownName('flag', flag, [...known.keys(), '--help'], { hint: 'run the command with --help to see its flags' })
}

function aliases(definition: ArgDef): string[] {
  if (!('alias' in definition) || definition.alias === undefined) return []
  return typeof definition.alias === 'string' ? [definition.alias] : definition.alias
}

function checkOption(flag: string, value: string, definition: ArgDef): void {
  if (definition.type !== 'enum' || !definition.options || definition.options.includes(value)) return
  throw new HoneError(`${flag} must be one of ${definition.options.join(', ')}: current value is "${value}"`, {
    hint: didYouMean(value, definition.options),
  })
}

function checkPresence(positionals: readonly string[], seen: ReadonlySet<string>, definitions: ArgsDef): void {
  const slots = Object.entries(definitions).filter(([, definition]) => definition.type === 'positional')
  for (const [index, [name, definition]] of slots.entries()) {
    if (positionals[index] === undefined && definition.required !== false && definition.default === undefined)
      throw new HoneError(`${name.toUpperCase()} is missing`)
  }
  const extra = positionals[slots.length]
  if (extra !== undefined && !slots.some(([, definition]) => isVariadic(definition)))
    throw new HoneError(`Unexpected argument "${extra}"`)
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type !== 'positional' && definition.required && definition.default === undefined && !seen.has(name))
      throw new HoneError(`${flagName(name)} is missing`)
  }
}
