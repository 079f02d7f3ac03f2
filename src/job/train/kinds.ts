// The table of kinds of training, by the name of their command.
import { type HoneErrorDetail, lookup } from '../../error.ts'
import { leavesOf, plain, type Schema } from '../../shell/schema.ts'
import type { AnyKind } from './kind.ts'
import { dpoKind } from './kinds/dpo.ts'
import { rmKind } from './kinds/rm.ts'
import { sftKind } from './kinds/sft.ts'
import { trainKind } from './kinds/train.ts'

/** Of a setting that several kinds have, `plan` shows what the last of them says. */
export const kinds: Record<string, AnyKind> = { sft: sftKind, dpo: dpoKind, rm: rmKind, train: trainKind }

/** @throws HoneError with the nearest name. */
export function findKind(name: string, detail?: HoneErrorDetail): AnyKind {
  return lookup(kinds, 'kind of training', name, detail)
}

/** The names that a kind has for its settings, in any spelling. */
export const spellingsOf = (name: string): Spellings => spellings(findKind(name).schema)

export interface Spellings {
  all: string[]
  has(key: string): boolean
}

/** The names of the settings of a schema, in any spelling. */
export function spellings(schema: Schema): Spellings {
  const all = leavesOf(schema).flatMap(({ key, words }) => [key, ...(words.aliases ?? [])])
  const known = new Set(all.map(plain))
  return { all, has: (key) => known.has(plain(key)) }
}
