// What the graph of a whole step (net/token.ts) does with a turn, and what it leaves to passes of the ordinary step.
import type { Turn } from './slot.ts'

/** What a turn may ask beyond a temperature, top-k, top-p, min-p, ends and stops. */
const beyond: Record<string, (turn: Pick<Turn, 'sampling' | 'alternatives'>) => boolean> = {
  'a repetition penalty': ({ sampling: { repetitionPenalty = 1 } }) => repetitionPenalty !== 1,
  'a grammar': ({ sampling: { mask, forced } }) => mask !== undefined || forced !== undefined,
  'the likeliest tokens beside each': ({ alternatives }) => alternatives > 0,
}

/** The first thing that keeps the turn out of the graph; undefined where nothing does. */
export const beyondSteps = (turn: Pick<Turn, 'sampling' | 'alternatives'>): string | undefined =>
  Object.keys(beyond).find((what) => beyond[what]!(turn))
