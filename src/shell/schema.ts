// What a valibot schema of settings says of itself: its leaves, what each accepts, and how text becomes their values.
import * as v from 'valibot'
import type { Words } from '../text/setting.ts'
import { isTree } from './config-file.ts'

export type Schema = v.GenericSchema

/** One setting: where it stands in the tree, what it means and what it accepts. */
export interface Leaf {
  keys: string[]
  /** The keys with dots between them. */
  key: string
  description: string
  words: Words
  shape: Shape
  required: boolean
  /** Undefined where there is none. */
  fallback: unknown
}

/** What values a setting takes. */
export interface Shape {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'list'
  choices?: readonly string[]
  min?: number
  /** Values are greater than this. */
  above?: number
  max?: number
  /** Of a list. */
  item?: Shape
  nullable?: true
}

/** Every setting of an object schema, nested ones included, in the order of the schema. */
export function leavesOf(schema: Schema, parents: string[] = []): Leaf[] {
  const entries = entriesOf(schema)
  if (entries) return Object.entries(entries).flatMap(([key, entry]) => leavesOf(entry, [...parents, key]))
  return [
    {
      keys: parents,
      key: parents.join('.'),
      description: descriptionOf(schema),
      words: wordsOf(schema),
      shape: shapeOf(schema),
      required: !['optional', 'exact_optional', 'nullish', 'undefinedable'].includes(schema.type),
      fallback: 'default' in schema ? schema.default : undefined,
    },
  ]
}

/** The entries of an object schema, or undefined for a leaf. */
export function entriesOf(schema: Schema): Record<string, Schema> | undefined {
  const core = unwrap(schema)
  return 'entries' in core && isTree(core.entries) ? (core.entries as Record<string, Schema>) : undefined
}

/** The words of a schema, those of the schema that it wraps included. */
export function wordsOf(schema: Schema): Words {
  return { ...(wrappedBy(schema) && wordsOf(wrappedBy(schema)!)), ...v.getMetadata(schema) }
}

/** `learningRate` as it is typed: `learning-rate`. */
export const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')

/** A key without what spellings differ in. */
export const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase()

/** Text of a flag or variable → a value of that shape; left as text where it is none, so that validation says so. */
export function fromText(text: string, shape: Shape): unknown {
  const value = shape.nullable && (text === 'null' || text === 'none') ? null : readers[shape.type]?.(text, shape)
  return value === undefined ? text : value
}

const readers: Partial<Record<Shape['type'], (text: string, shape: Shape) => unknown>> = {
  number: numberFrom,
  integer: numberFrom,
  boolean: (text) => ({ true: true, false: false, 1: true, 0: false })[text.toLowerCase()],
  list: (text, { item }) =>
    text === '' ? [] : text.split(',').map((each) => (item ? fromText(each.trim(), item) : each)),
}

function numberFrom(text: string): number | undefined {
  return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}

/** A value as it would be typed. */
export function toText(value: unknown): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) return value.map(toText).join(',')
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What is expected of a value, to stand behind "must be". */
export function expected({ type, choices, min, above, max }: Shape): string {
  if (choices) return `one of ${choices.join(', ')}`
  const least = above !== undefined ? `above ${above}` : min !== undefined ? `of at least ${min}` : ''
  const most = max !== undefined ? `${least ? 'at most' : 'of at most'} ${max}` : ''
  const range =
    above === undefined && least && most ? `from ${min} to ${max}` : [least, most].filter(Boolean).join(' and ')
  return [KINDS[type], range].filter(Boolean).join(' ')
}

const KINDS: Record<Shape['type'], string> = {
  string: 'text',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  list: 'a list',
}

function shapeOf(schema: Schema): Shape {
  const core = unwrap(schema)
  if (core.type === 'union') return { ...shapeOf(listOf(core, 'options')[0]!), ...nullable(schema) }
  const checks = checksOf(schema)
  const integer = checks.some(({ type }) => type === 'integer' || type === 'safe_integer')
  const known: Record<string, Shape['type']> = {
    number: integer ? 'integer' : 'number',
    boolean: 'boolean',
    array: 'list',
  }
  const [above, min, max] = ['gt_value', 'min_value', 'max_value'].map((type) =>
    checks
      .flatMap((check) => (check.type === type && typeof check.requirement === 'number' ? [check.requirement] : []))
      .at(-1),
  )
  return {
    type: known[core.type] ?? 'string',
    ...('options' in core && { choices: listOf(core, 'options').map(String) }),
    ...('literal' in core && { choices: [String(core.literal)] }),
    ...(above !== undefined ? { above } : min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...('item' in core && { item: shapeOf(core.item as Schema) }),
    ...nullable(schema),
  }
}

const nullable = (schema: Schema): { nullable?: true } => (acceptsNull(schema) ? { nullable: true } : {})

function listOf(schema: Schema, key: string): Schema[] {
  return (schema as unknown as Record<string, Schema[]>)[key]!
}

/** Validations of a schema, those of pipes in pipes and of the schema that it wraps included. */
function checksOf(schema: Schema): Check[] {
  const wrapped = wrappedBy(schema)
  const own = 'pipe' in schema ? (schema.pipe as (Schema | Check)[]) : []
  const checks = own.flatMap((each) => (each.kind !== 'schema' ? [each] : 'pipe' in each ? checksOf(each) : []))
  return [...(wrapped ? checksOf(wrapped) : []), ...checks]
}

interface Check {
  kind: 'validation' | 'transformation' | 'metadata'
  type: string
  requirement?: unknown
}

function wrappedBy(schema: Schema): Schema | undefined {
  return 'wrapped' in schema ? (schema.wrapped as Schema) : undefined
}

/** The schema inside optional, nullable and the like. */
function unwrap(schema: Schema): Schema {
  const wrapped = wrappedBy(schema)
  return wrapped ? unwrap(wrapped) : schema
}

function acceptsNull(schema: Schema): boolean {
  const wrapped = wrappedBy(schema)
  return schema.type === 'nullable' || schema.type === 'nullish' || (wrapped !== undefined && acceptsNull(wrapped))
}

function descriptionOf(schema: Schema): string {
  const wrapped = wrappedBy(schema)
  return v.getDescription(schema) ?? (wrapped ? descriptionOf(wrapped) : '')
}
