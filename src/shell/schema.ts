// What a valibot schema of settings says of itself: its leaves, the flags they make, and how text becomes their values.
import type { ArgDef, ArgsDef } from 'citty'
import * as v from 'valibot'
import { isTree } from './config-file.ts'
import { flagName } from './flags.ts'

export type Schema = v.GenericSchema

/** One setting: where it stands in the tree and what it accepts. */
export interface Leaf {
  keys: string[]
  schema: Schema
}

/** Every setting of an object schema, nested ones included, in the order of the schema. */
export function leavesOf(schema: Schema, parents: string[] = []): Leaf[] {
  const entries = entriesOf(schema)
  if (!entries) return [{ keys: parents, schema }]
  return Object.entries(entries).flatMap(([key, entry]) => leavesOf(entry, [...parents, key]))
}

/** The entries of an object schema, or undefined for a leaf. */
export function entriesOf(schema: Schema): Record<string, Schema> | undefined {
  const core = unwrap(schema)
  return 'entries' in core && isTree(core.entries) ? (core.entries as Record<string, Schema>) : undefined
}

/** The citty flags of a schema, without defaults: the schema owns those. `learningRate` is `--learning-rate`. */
export function flagsOf(schema: Schema): ArgsDef {
  return Object.fromEntries(leavesOf(schema).map((leaf) => [flagKey(leaf.keys), flagOf(leaf)]))
}

/** The name under which citty holds a setting's flag. */
export const flagKey = (keys: readonly string[]): string => flagName(keys.join('.')).slice(2)

/** The environment variable of a setting: `learningRate` is `HONE_LEARNING_RATE`. */
export const variableName = (keys: readonly string[]): string =>
  `HONE_${flagKey(keys).replace(/[.-]/g, '_').toUpperCase()}`

/** Text of a flag or variable → the value that the schema asks for; left as text where it is none, so that validation says so. */
export function fromText(text: string, schema: Schema): unknown {
  const core = unwrap(schema)
  if (acceptsNull(schema) && (text === 'null' || text === 'none')) return null
  return coercions[core.type]?.(text, core) ?? text
}

const coercions: Record<string, (text: string, schema: Schema) => unknown> = {
  number: (text) => (text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text)),
  boolean: (text) => ({ true: true, false: false, 1: true, 0: false })[text.toLowerCase()],
  literal: (text, schema) => ('literal' in schema && String(schema.literal) === text ? schema.literal : undefined),
  array: (text, schema) =>
    text === ''
      ? []
      : text.split(',').map((item) => ('item' in schema ? fromText(item.trim(), schema.item as Schema) : item)),
  union: (text, schema) =>
    (schema as unknown as { options: Schema[] }).options
      .map((option) => [option, fromText(text, option)] as const)
      .find(([option, value]) => v.is(option, value))?.[1],
  record: (text) => {
    try {
      return Bun.YAML.parse(text)
    } catch {
      return undefined
    }
  },
}

function flagOf({ schema }: Leaf): ArgDef {
  const core = unwrap(schema)
  const fallback: unknown = 'default' in schema ? schema.default : undefined
  const shown = textOf(fallback)
  const description = [descriptionOf(schema), shown && `[default: ${shown}]`].filter(Boolean).join(' ')
  const aliases = aliasesOf(schema)
  const alias = aliases.length > 0 ? { alias: aliases } : {}
  if (core.type === 'boolean')
    return { type: 'boolean', description, ...alias, ...(fallback === true && { negativeDescription: description }) }
  const options = core.type === 'picklist' && 'options' in core ? (core.options as string[]).join('|') : undefined
  const valueHint = options ?? valueHints[core.type]
  return { type: 'string', description, ...alias, ...(valueHint && { valueHint }) }
}

/** Other names of a setting, given as `v.metadata({ aliases: […] })`. */
export function aliasesOf(schema: Schema): string[] {
  const { aliases } = v.getMetadata(schema)
  return Array.isArray(aliases) ? aliases.map(String) : []
}

const valueHints: Record<string, string> = { number: 'N', string: 'TEXT', array: 'A,B,…' }

/** The schema inside optional, nullable and the like. */
function unwrap(schema: Schema): Schema {
  return 'wrapped' in schema ? unwrap(schema.wrapped as Schema) : schema
}

function acceptsNull(schema: Schema): boolean {
  return (
    schema.type === 'nullable' ||
    schema.type === 'nullish' ||
    ('wrapped' in schema && acceptsNull(schema.wrapped as Schema))
  )
}

function descriptionOf(schema: Schema): string | undefined {
  return v.getDescription(schema) ?? ('wrapped' in schema ? descriptionOf(schema.wrapped as Schema) : undefined)
}

/** A default as it would be typed; empty where there is nothing to show. */
function textOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'function') return ''
  if (Array.isArray(value)) return value.map(textOf).join(',')
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
