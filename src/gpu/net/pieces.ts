// The pieces of a batch whose attention runs at a time: as many rows as the device takes at once.
//
// Letters as in block.ts.
import type { BatchSizes } from './sizes.ts'
import type { Net } from './net.ts'
import { windowOf, type ModelConfig } from '../weights/family.ts'

/** Of a model only the heads count. */
type Headed = Pick<Net, 'portions'> & { config: Pick<ModelConfig, 'heads'> }

export type Piece = {
  of: 'prompt' | 'completion'
  /** The first group, and the first completion of it. */
  group: number
  sample: number
} & (
  | { kind: 'whole'; groups: number; samples: number }
  /** Rows from `start` on of one sequence. */
  | { kind: 'part'; start: number; rows: number }
)

/** Rows of a part where each sees so many keys. */
export function rowsOfPart({ config, portions }: Headed, keys: number): number {
  const fitting = Math.floor(portions.scores / (4 * config.heads * keys))
  return Math.min(portions.mostRows, Math.max(portions.leastRows, Math.floor(fitting / 16) * 16))
}

/** The window of a layer in a batch; undefined where it hides nothing. */
export function windowIn(
  config: ModelConfig,
  { prompt: P, completion: R }: BatchSizes,
  layer: number,
): number | undefined {
  const window = windowOf(config, layer)
  return window !== undefined && window < P + R ? window : undefined
}

/**
 * Every row of a batch in one piece, long sequences from their end: memory that later pieces need is then there already. Where a
 * window hides something, all are parts.
 */
export function piecesOf(
  net: Headed,
  { groups: N, samples: G, prompt: P, completion: R }: BatchSizes,
  window?: number,
): Piece[] {
  const cutUp = (of: Piece['of'], length: number, samples: number, keys: number): Piece[] => {
    if (length * samples === 0) return []
    const fitting = Math.floor(net.portions.scores / (4 * net.config.heads * keys))
    const atOnce = Math.floor(fitting / length)
    if (window === undefined && length <= net.portions.mostRows && atOnce >= 1) {
      const [groups, some] = atOnce >= samples ? [Math.floor(atOnce / samples), samples] : [1, atOnce]
      return starts(N, groups).flatMap((group) =>
        starts(samples, some).map((sample) => ({
          kind: 'whole',
          of,
          group,
          sample,
          groups: Math.min(groups, N - group),
          samples: Math.min(some, samples - sample),
        })),
      )
    }
    const rows = rowsOfPart(net, keys)
    return starts(N, 1).flatMap((group) =>
      starts(samples, 1).flatMap((sample) =>
        starts(length, rows)
          .toReversed()
          .map((start) => ({ kind: 'part', of, group, sample, start, rows: Math.min(rows, length - start) })),
      ),
    )
  }
  return [...cutUp('completion', R, G, P + R), ...cutUp('prompt', P, 1, P)]
}

const starts = (count: number, size: number): number[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size)
