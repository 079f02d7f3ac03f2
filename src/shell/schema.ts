// What a valibot schema of settings says of itself: its leaves, what they mean and what they accept.
import * as v from 'valibot'
import type { Words } from '../text/setting.ts'
import { isTree } from './config-file.ts'
import type { Shape } from './shape.ts'

export type Schema = v.GenericSchema

/** One setting: where it stands in the tree, what it means and what it accepts. */
export interface Leaf {
  /** Keys from the root, with dots between them. */
  key: string
  description: string
  words: Words
  /** Heading under which it is listed. */
  group: string | undefined
  shape: Shape
  required: boolean
  /** Undefined where there is none. */
  fallback: unknown
}

/** Every setting of an object schema, nested ones included, in the order of the schema. */
export function leavesOf(schema: Schema): readonly Leaf[] {
  const leaves = known.get(schema) ?? grouped(leavesBelow(schema, []))
  known.set(schema, leaves)
  return leaves
}

/** A schema does not change: it is read once. */
const known = new WeakMap<Schema, readonly Leaf[]>()

/** A group goes on until another begins. */
function grouped(leaves: readonly Omit<Leaf, 'group'>[]): Leaf[] {
  let group: string | undefined
  return leaves.map((leaf) => ({ ...leaf, group: (group = leaf.words.group ?? group) }))
}

function leavesBelow(schema: Schema, parents: readonly string[]): Omit<Leaf, 'group'>[] {
  const entries = entriesOf(schema)
  if (entries) return Object.entries(entries).flatMap(([key, entry]) => leavesBelow(entry, [...parents, key]))
  return [
    {
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

/** A key without what spellings differ in. */
export const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase()

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

export function acceptsNull(schema: Schema): boolean {
  const wrapped = wrappedBy(schema)
  return schema.type === 'nullable' || schema.type === 'nullish' || (wrapped !== undefined && acceptsNull(wrapped))
}

function descriptionOf(schema: Schema): string {
  const wrapped = wrappedBy(schema)
  return v.getDescription(schema) ?? (wrapped ? descriptionOf(wrapped) : '')
}
