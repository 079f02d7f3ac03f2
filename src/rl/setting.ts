// How a setting is declared: a schema with its default, what it means, and the other spellings that are accepted.
import * as v from 'valibot'

/** A setting with what it means and its other spellings in files and as flags. */
export const say = <S extends v.GenericSchema>(schema: S, description: string, ...aliases: string[]) =>
  v.pipe(schema, v.description(description), v.metadata({ aliases }))

/** The values that a group of settings has. */
export type Settings<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>

export const count = (least = 1) => v.pipe(v.number(), v.safeInteger(), v.minValue(least))
export const atLeast = (least: number) => v.pipe(v.number(), v.minValue(least))
export const positive = () => v.pipe(v.number(), v.gtValue(0))
export const share = () => v.pipe(v.number(), v.minValue(0), v.maxValue(1))
export const files = () =>
  v.pipe(
    v.union([v.array(v.string()), v.string()]),
    v.transform((value) => (typeof value === 'string' ? [value] : value)),
  )
/** The names of a table. */
export const names = <Name extends string>(table: Record<Name, unknown>) => v.picklist(Object.keys(table) as Name[])
