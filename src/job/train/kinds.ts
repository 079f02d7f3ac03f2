// The table of kinds of training, by the name of their command.
import { type HoneErrorDetail, lookup } from '../../error.ts'
import type { Kind } from './kind.ts'
import { sftKind } from './kinds/sft.ts'
import { trainKind } from './kinds/train.ts'

export const kinds: Record<string, Kind> = { sft: sftKind, train: trainKind }

/** @throws HoneError with the nearest name. */
export function findKind(name: string, detail?: HoneErrorDetail): Kind {
  return lookup(kinds, 'kind of training', name, detail)
}
