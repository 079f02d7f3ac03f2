// Seats in the graph of a whole step: a sequence takes one while it writes, and its keys and values lie there for so long.
// What it holds in lanes stays there; what it wrote is copied behind it where somebody may go on from it.
//
// Letters as in net/token.ts.
import { detail } from '../../out.ts'
import { roundDown, roundUp, type DecodePortions } from '../device/portions.ts'
import type { Net } from '../net/net.ts'
import type { TokenSizes } from '../net/token.ts'
import type { Engine } from './engine.ts'
import { beyondSteps } from './inside.ts'
import { tokenBytes } from './lanes.ts'
import { heldOf, startOf, type Sequence } from './sequence.ts'
import type { Turn } from './slot.ts'
import { tokenSteps, type Start, type TokenSteps } from './token-steps.ts'

export interface Seat {
  row: number
  /** Entries of its cache that count. */
  held: number
  /** Places that it may come to need. */
  readonly places: number
}

/** So many rows that may write at once, and the places that the longest of them may need. */
export interface Crowd {
  rows: number
  places: number
}

/** Seats serve all sessions of a model. */
export interface Seats {
  readonly portions: DecodePortions
  /** Those that there are now. */
  rows(): number
  /** Whether the turn is written here. That does not depend on what else runs. */
  takes(turn: Turn): boolean
  /** What a turn needs that is written here, 0 else. */
  placesOf(turn: Turn): number
  /**
   * A seat for a turn of a sequence all of which is held but the last token; undefined where none is free. `expected` says for how
   * many there should be room, where room is made.
   */
  sit(sequence: Sequence, turn: Turn, expected: () => Crowd): Seat | undefined
  /** Writes `count` tokens of each. */
  write(starts: ReadonlyMap<Seat, Start>, count: number): Map<Seat, { ids: number[]; logprobs: number[] }>
  /** Copies what a sequence holds here, and not in its lane, to that. */
  give(seat: Seat, sequence: Sequence): void
  leave(seat: Seat): void
  free(): void
}

/** Steps for such a crowd, or for as many of it as there is room for; undefined where there is none for one. */
export function stepsFor(net: Net, { rows, places }: Crowd): TokenSizes | undefined {
  const { decode } = net.portions
  if (!decode?.types.includes(net.precision.compute)) return undefined
  const M = roundUp(places, decode.places)
  const most = roundDown(Math.min(decode.mostRows, Math.floor(decode.bytes / (M * tokenBytes(net)))), decode.rows)
  if (most < 1) return undefined
  return { rows: Math.min(roundUp(rows, decode.rows), most), places: M, tokens: decode.tokens }
}

/** Places that a prompt and so many written tokens may come to need: a row may write on to the next look after its end. */
export const placesFor = (
  { portions: { decode } }: Net,
  { prompt, written }: { prompt: number; written: number },
): number => prompt + written - 1 + (decode?.tokens ?? 0)

/** Undefined where the device has no use for them. */
export function seatsOn(engine: Engine): Seats | undefined {
  const { decode } = engine.portions
  if (!decode || !stepsFor(engine, { rows: 1, places: 1 })) return undefined
  const seats = new Set<Seat>()
  const told = new Set<string>()
  let steps: TokenSteps | undefined

  const placesOf = ({ ids, sampling }: Turn) =>
    placesFor(engine, { prompt: ids.length, written: sampling.maxNewTokens })
  function takes(turn: Turn): boolean {
    const why = beyondSteps(turn) ?? (stepsFor(engine, { rows: 1, places: placesOf(turn) }) ? undefined : 'its length')
    if (why === undefined) return true
    if (!told.has(why)) detail(`what asks for ${why} is written a pass a token`)
    told.add(why)
    return false
  }
  const hasRoom = ({ places }: Crowd) =>
    steps !== undefined && seats.size < steps.sizes.rows && places <= steps.sizes.places

  /** Other steps for what is expected, those that sit included, where they are of use and there is a place for all that sit. */
  function makeRoom(expected: Crowd): void {
    const places = [...seats].reduce((most, seat) => Math.max(most, seat.places), expected.places)
    const asked = stepsFor(engine, { ...expected, places })!
    const before = steps?.sizes ?? { rows: 0, places: 0 }
    const both = stepsFor(engine, { rows: Math.max(asked.rows, before.rows), places: Math.max(places, before.places) })
    // What was there may be asked for again: it stays where there is room for that too.
    const sizes = both && both.rows >= asked.rows ? both : asked
    if (sizes.rows <= before.rows && sizes.places <= before.places) return
    if ([...seats].some(({ row }) => row >= sizes.rows)) return
    const old = steps
    if (seats.size === 0) old?.free()
    steps = tokenSteps(engine, sizes)
    if (seats.size === 0) return
    old!.move(
      steps,
      [...seats].reduce((most, { held }) => Math.max(most, held), 0),
    )
    old!.free()
  }

  return {
    portions: decode,
    rows: () => steps?.sizes.rows ?? 0,
    takes,
    placesOf: (turn) => (takes(turn) ? placesOf(turn) : 0),
    sit(sequence, turn, expected) {
      const places = placesOf(turn)
      if (!hasRoom({ rows: 1, places })) {
        const crowd = expected()
        makeRoom({ rows: Math.max(crowd.rows, 1), places: Math.max(crowd.places, places) })
        if (!hasRoom({ rows: 1, places })) return undefined
      }
      const taken = new Set([...seats].map(({ row }) => row))
      const row = Array.from({ length: seats.size + 1 }, (_, each) => each).find((each) => !taken.has(each))!
      const { parent, lanes, lane } = sequence
      const start = startOf(sequence)
      if (parent) steps!.fill(row, 0, parent, start)
      steps!.fill(row, start, { lanes, lane }, heldOf(sequence) - start)
      const seat = { row, held: heldOf(sequence), places }
      seats.add(seat)
      return seat
    },
    write(starts, count) {
      const rows: (Start | number)[] = Array.from({ length: steps!.sizes.rows }, () => 0)
      for (const seat of seats) rows[seat.row] = starts.get(seat) ?? seat.held
      const { ids, logprobs } = steps!.write(rows, count)
      return new Map(
        starts.keys().map((seat) => [seat, { ids: ids[seat.row]!, logprobs: logprobs[seat.row]! }] as const),
      )
    },
    give: ({ row, held }, sequence) => steps!.give(row, [heldOf(sequence), held], sequence),
    leave: (seat) => void seats.delete(seat),
    free() {
      seats.clear()
      steps?.free()
      steps = undefined
    },
  }
}
