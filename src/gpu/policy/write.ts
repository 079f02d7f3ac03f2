// Writing: every pass reads what is given, guesses what may come, and draws what comes.
import { uniform } from '../../rng.ts'
import { came, placeOf } from './came.ts'
import { draftOf, newTrusts, worthwhile } from './draft.ts'
import type { Engine, Trace } from './engine.ts'
import { headOf, penalises } from './law.ts'
import { likeliest, probabilities, sampleToken } from './sample.ts'
import { isLive, type Row, type Running } from './schedule.ts'
import { rowsAtOnce, scoresOf } from './scores.ts'
import { takeSeats, writeSeated } from './seated.ts'
import type { Crowd, Seats } from './seats.ts'
import { heldOf } from './sequence.ts'
import type { Work } from './session.ts'
import type { Turn } from './slot.ts'
import { attentionOf, attentionProducts, linearProducts, tokenPass, type Feed } from './token-pass.ts'

/** Tokens of a sequence read at a time at least, where that is more than one. */
const FEWEST = 16

/** A sequence that writes, the rows of the pass that it may draw from, and the guesses that all of them but the first follow. */
interface Draw {
  row: Row
  turn: Turn
  first: number
  guesses: readonly number[]
  drawn: number
  /** A token came that was not guessed, or the last one. */
  over: boolean
}

export interface Writer {
  /** Every sequence that writes gets a token at least, and of others some are read. */
  pass(units: readonly Running[], crowd: () => Crowd): void
  work(): Work
}

/** What is computed goes to the trace, where one is given. Turns that `seats` take are written there. */
export function writer(
  engine: Engine,
  { drafts, trace, seats }: { drafts: boolean; trace: Trace | undefined; seats: Seats | undefined },
): Writer {
  const trusts = newTrusts()
  const done = { passes: 0, read: 0, written: 0, whole: 0, guessed: 0, accepted: 0 }
  const spent = { all: 0, wasted: 0 }

  /** The turn is written in a seat, or will be. */
  const isInside = (row: Row): boolean =>
    row.seat !== undefined || (row.turn !== undefined && seats?.takes(row.turn) === true)

  /** Tokens that passes are to read: a seat reads the last one itself. */
  const toRead = (row: Row): number => (row.seat ? 0 : pending(row) - Number(isInside(row)))

  /** Sequences that write a token a pass. */
  const writes = (row: Row | undefined): row is Row => isLive(row) && pending(row) === 1 && !isInside(row)

  /** Units with what their lanes are fed: what was not read yet, and guesses behind it. */
  function feedsOf(units: readonly Running[]): { unit: Running; feed: Feed; guesses: (readonly number[])[] }[] {
    const guessed = drafts ? guessesOf(units) : new Map<Row, readonly number[]>()
    const sizes = engine.portions.read
    let left = units.some(({ rows }) => rows.some(writes)) ? sizes.tokensBeside : sizes.tokens
    return units.flatMap((unit) => {
      const { lanes, shared, rows } = unit
      const live = rows.filter((row) => isLive(row) && toRead(row) > 0) as Row[]
      const reads = live.some((row) => !writes(row))
      let piece = 1
      if (reads) {
        if (left <= 0) return []
        const longest = Math.max(...lanes.lengths) + sizes.most
        const scored = sizes.scores / (4 * engine.config.heads * lanes.count * longest)
        piece = Math.max(FEWEST, Math.min(sizes.most, Math.floor(scored), Math.floor(left / live.length)))
        left -= piece * live.length
      }
      const guesses = Array.from(rows, (row) => (row && !reads && guessed.get(row)) || [])
      const tokens = Array.from(rows, (row, lane) => {
        if (!isLive(row)) return []
        const held = heldOf(row.sequence)
        return [...row.sequence.tokens.slice(held, held + Math.min(piece, toRead(row))), ...guesses[lane]!]
      })
      return live.length > 0 ? [{ unit, feed: { lanes, shared, tokens }, guesses }] : []
    })
  }

  /** What is guessed of the sequences that write. */
  function guessesOf(units: readonly Running[]): Map<Row, readonly number[]> {
    const writing = units.flatMap(({ rows }) => rows.filter((row) => writes(row) && row.turn)) as Row[]
    const guesses = writing.map((row) => {
      const { sequence, ids, turn } = row
      row.draft ??= draftOf(turn!, { tokens: sequence.tokens, own: ids }, trusts)
      return row.draft.guess(turn!.sampling.maxNewTokens - ids.length - 1)
    })
    const counts = worthwhile(guesses, writing.length, engine.portions.loads)
    return new Map(writing.map((row, i) => [row, guesses[i]!.ids.slice(0, counts[i])]))
  }

  return {
    pass(units, crowd) {
      const fed = feedsOf(units)
      if (fed.length > 0) read(fed)
      if (!seats) return
      const seated = takeSeats(seats, units, crowd)
      if (seated.length === 0) return
      const { tokens, tokensBeside } = seats.portions
      const { steps, written } = writeSeated(seats, seated, fed.length > 0 ? tokensBeside : tokens, trace)
      const computed = steps * seats.rows()
      spent.all += computed * linearProducts(engine)
      spent.wasted += (computed - written) * linearProducts(engine)
      done.passes += steps
      done.read += written
      done.written += written
      done.whole += written
    },
    work: () => ({ ...done, wasted: spent.all > 0 ? spent.wasted / spent.all : 0 }),
  }

  /** One pass: what is fed is read, and what can be drawn is. */
  function read(fed: ReturnType<typeof feedsOf>): void {
    const draws: Draw[] = []
    let before = 0
    for (const { unit, feed, guesses } of fed) {
      const { spent: products, needed } = attentionOf(feed)
      spent.all += products * attentionProducts(engine)
      spent.wasted += (products - needed) * attentionProducts(engine)
      feed.tokens.forEach((tokens, lane) => {
        before += tokens.length
        const row = unit.rows[lane]
        const guessed = guesses[lane]!
        if (tokens.length === 0 || !row?.turn) return
        if (heldOf(row.sequence) + tokens.length - guessed.length < row.sequence.tokens.length) return
        const first = before - 1 - guessed.length
        draws.push({ row, turn: row.turn, first, guesses: guessed, drawn: 0, over: false })
      })
    }
    spent.all += before * linearProducts(engine)
    done.passes++
    done.read += before
    const drawing = new Set(draws.map(({ row }) => row))
    const feeds = fed.map(({ unit, feed }) => ({
      ...feed,
      silent: !unit.rows.some((row) => row && drawing.has(row)),
    }))
    const x = tokenPass(engine, feeds, trace)
    for (const alike of Map.groupBy(draws, ({ turn }) => JSON.stringify(headOf(turn.sampling))).values()) {
      const rows = alike.flatMap((draw) => [draw.first, ...draw.guesses].map((_, i) => ({ draw, at: draw.first + i })))
      for (let start = 0; start < rows.length; start += rowsAtOnce(engine)) {
        const some = rows.slice(start, start + rowsAtOnce(engine)).filter(({ draw }) => !draw.over)
        if (some.length > 0) drawAll(engine, x, some, trace)
      }
    }
    for (const { row, guesses, drawn } of draws) {
      // What was read behind the last token that came is forgotten.
      row.sequence.lanes.lengths[row.sequence.lane]! -= guesses.length - Math.max(0, drawn - 1)
      done.written += drawn
      done.guessed += guesses.length
      done.accepted += Math.max(0, drawn - 1)
    }
  }
}

const pending = ({ sequence }: Row): number => sequence.tokens.length - heldOf(sequence)

/** Tokens from rows `at` of x, whose laws have one head, those of a sequence in order. */
function drawAll(
  engine: Engine,
  x: ReturnType<typeof tokenPass>,
  some: readonly { draw: Draw; at: number }[],
  trace: Trace | undefined,
): void {
  const V = engine.config.vocabulary
  const rows = some.map(({ at }) => at)
  const scores = scoresOf(engine, x, rows, headOf(some[0]!.draw.turn.sampling))
  some.forEach(({ draw }, i) => {
    if (!draw.over && isLive(draw.row)) write(draw, scores.subarray(i * V, (i + 1) * V), trace)
  })
}

/** The next token of a row from its scores [V]. */
function write(draw: Draw, scores: Float32Array, trace: Trace | undefined): void {
  const { row, turn, guesses } = draw
  const { sampling } = turn
  const p = lawful(row, turn, scores)
  const token = sampleToken(p, sampling, sampling.temperature === 0 ? 0 : uniform(...turn.key, placeOf(row, turn)))
  draw.over = guesses[draw.drawn++] !== token.id
  came(row, turn, token, { likeliest: (count) => likeliest(p, sampling, count), trace })
}

/** Probabilities [V] of the next token before anything is cut from them. */
function lawful({ ids }: Row, { ids: before, sampling }: Turn, scores: Float32Array): Float32Array {
  if (!headOf(sampling).raw) return scores
  return probabilities(scores, penalises(sampling) ? [...before, ...ids] : [], sampling, sampling.mask?.(ids))
}
