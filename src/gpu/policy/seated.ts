// The writing of sequences that have a seat: many tokens of each between two looks.
import { uniform } from '../../rng.ts'
import { came, placeOf } from './came.ts'
import type { Trace } from './engine.ts'
import { isLive, type Row, type Running } from './schedule.ts'
import type { Crowd, Seat, Seats } from './seats.ts'
import { heldOf } from './sequence.ts'
import type { Turn } from './slot.ts'

type Seated = Row & { turn: Turn; seat: Seat }

/** Every sequence takes a seat whose turn is written there and all of which is held but the last token, as long as there are any. */
export function takeSeats(seats: Seats, units: readonly Running[], crowd: () => Crowd): Seated[] {
  const seated: Seated[] = []
  // Who comes later does not take what the first one waits for.
  let full = false
  for (const row of units.flatMap(({ rows }) => rows.filter(isLive))) {
    const { turn, sequence } = row
    if (!turn) continue
    if (!row.seat && !full && heldOf(sequence) === sequence.tokens.length - 1 && seats.takes(turn)) {
      const seat = seats.sit(sequence, turn, crowd)
      full = seat === undefined
      if (seat) row.seat = seat
    }
    if (row.seat) seated.push(row as Seated)
  }
  return seated
}

/** At most `most` tokens of each. Returns how many were computed, and how many of them came. */
export function writeSeated(
  seats: Seats,
  seated: readonly Seated[],
  most: number,
  trace: Trace | undefined,
): { steps: number; written: number } {
  const left = seated.map(({ turn, ids }) => turn.sampling.maxNewTokens - ids.length)
  const steps = Math.min(most, Math.max(...left))
  const starts = seated.map((row) => {
    const { sequence, turn, seat } = row
    const place = placeOf(row, turn)
    const draw = (i: number) => uniform(...turn.key, place + i)
    return [seat, { id: sequence.tokens.at(-1)!, held: seat.held, law: turn.sampling, draw }] as const
  })
  const found = seats.write(new Map(starts), steps)
  let written = 0
  for (const row of seated) {
    const { ids, logprobs } = found.get(row.seat)!
    for (let i = 0; i < steps && isLive(row); i++, written++)
      came(row, row.turn, { id: ids[i]!, logprob: logprobs[i]! }, { likeliest: () => [], trace })
    row.seat.held = row.sequence.tokens.length - 1
  }
  return { steps, written }
}
