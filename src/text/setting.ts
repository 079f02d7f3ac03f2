// How a setting is declared: a schema with its default, what it means, and the words that people read and write for it.
import * as v from 'valibot'

/** What a setting says of itself beside its schema; kept as valibot's metadata. */
export type Words = {
  /** Heading under which it is listed, and the settings that follow it. */
  group?: string
  /** Other spellings in files and as flags; one letter is a short flag. */
  aliases?: readonly string[]
  /** What stands for the value in help, such as FILE. */
  hint?: string
  /** Names that are offered where other values are taken too. */
  known?: readonly string[]
  /** What holds where nothing is said, where that is no value. */
  otherwise?: string
  /** Settings that have its value where they are not given themselves; it has none of its own then. */
  sets?: readonly string[]
  /** It is given by its place on the command line, not by a flag. */
  positional?: boolean
  /** As a flag it may be given several times; each time is one of its values. */
  repeats?: boolean
}

const typed = new Map<string, string>()
/** `learningRate` as it is typed: `learning-rate`. Settings are few, and asked for by name again and again. */
export function kebab(name: string): string {
  const known = typed.get(name)
  if (known !== undefined) return known
  const spelt = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')
  typed.set(name, spelt)
  return spelt
}

/** A setting with what it means and its other spellings. */
export const say = <S extends v.GenericSchema>(schema: S, description: string, ...aliases: string[]) =>
  v.pipe(schema, v.description(description), v.metadata({ aliases }))

/** The first setting of a group: it and those that follow are listed under that heading. */
export const begins = <S extends v.GenericSchema>(group: string, schema: S) => v.pipe(schema, v.metadata({ group }))

/** A setting that is given by its place; a list takes all places that are left. */
export const argument = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.pipe(schema, v.description(description), v.metadata({ positional: true }))

/** A setting that may be left out, with what holds then. */
export const otherwise = <S extends v.GenericSchema>(schema: S, words: string) =>
  v.pipe(v.optional(schema), v.metadata({ otherwise: words }))

/** A setting that gives several others their value where they are not given themselves. */
export const standsFor = <S extends v.GenericSchema>(schema: S, ...sets: string[]) =>
  v.pipe(v.optional(schema), v.metadata({ sets, otherwise: sets.map((key) => `--${kebab(key)}`).join(' and ') }))

/** A setting that is null unless given, with what holds then. */
export const orNone = <S extends v.GenericSchema>(schema: S, words: string) =>
  v.pipe(v.optional(v.nullable(schema), null), v.metadata({ otherwise: words }))

/** A flag that may be given several times; no values unless given. */
export const several = <S extends v.GenericSchema>(schema: S, hint: string) =>
  v.pipe(v.optional(v.array(schema), []), v.metadata({ repeats: true, hint }))

/** The values that a group of settings has. */
export type Settings<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>

export const text = (hint: string) => v.pipe(v.string(), v.metadata({ hint }))
/** Any text but none. */
export const nonEmpty = () =>
  v.pipe(
    v.string(),
    v.check((value) => value !== '', 'a text that is not empty'),
  )
/** Text of a form of its own; `what` says what it must be. */
export const formed = <Text extends string>(holds: (text: unknown) => text is Text, words: Words, what: string) =>
  v.pipe(v.custom<Text>(holds, what), v.metadata(words))
export const file = () => text('FILE')
export const folder = () => text('DIR')
/** Off unless given. */
export const toggle = () => v.optional(v.boolean(), false)
export const count = (least = 1, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most))
/** What float32 still holds with room to multiply: settings end up in it. */
const MOST = 1e30
export const atLeast = (least: number) => v.pipe(v.number(), v.minValue(least), v.maxValue(MOST))
export const above = (least: number) => v.pipe(v.number(), v.gtValue(least), v.maxValue(MOST))
export const positive = () => above(0)
/** What divides logits; below, and above, nothing is left of them in float32. `zero` takes the most likely token. */
export const temperature = (zero = false) =>
  v.pipe(
    v.number(),
    v.check(
      (value) => (zero && value === 0) || (value >= 1e-6 && value <= 1e6),
      `${zero ? '0 or ' : ''}a number from 1e-6 to 1e6`,
    ),
  )
export const share = () => v.pipe(v.number(), v.minValue(0), v.maxValue(1))
export const port = () => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(65_535))
export const files = () =>
  v.pipe(
    v.union([v.array(v.string()), v.string()]),
    v.transform((value) => (typeof value === 'string' ? [value] : value)),
    v.metadata({ hint: 'FILES' }),
  )
/** Files by their places, at least one. */
export const inputFiles = () =>
  argument(v.pipe(v.array(v.string()), v.minLength(1)), 'input files; - is standard input')
/** One of the names of a table. */
export const names = <Name extends string>(table: Record<Name, unknown>) => v.picklist(Object.keys(table) as Name[])
/** A name of a table, or something else that its description tells of. */
export const named = (table: Record<string, unknown>, hint = 'NAME') =>
  v.pipe(v.string(), v.metadata({ hint, known: Object.keys(table) }))
