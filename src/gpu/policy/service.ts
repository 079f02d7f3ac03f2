// The generation service of a policy: sessions whose slots are written pass by pass, together with all others that run.
import { uniform } from '../../rng.ts'
import type { Engine } from './engine.ts'
import { standardBudget } from './lanes.ts'
import { headOf, penalises } from './law.ts'
import { likeliest, probabilities, sampleToken, type Drawn } from './sample.ts'
import { isLive, schedule, type Row, type Running } from './schedule.ts'
import { rowsAtOnce, scoresOf } from './scores.ts'
import { heldOf } from './sequence.ts'
import type { Session, SessionOptions } from './session.ts'
import { slotOf, type Turn } from './slot.ts'
import { tokenPass, type Feed } from './token-pass.ts'

/** Opens sessions over a model. */
export const sessionsOver =
  (engine: Engine) =>
  ({ budget = standardBudget(engine), remember = true }: SessionOptions = {}): Session => {
    const plan = schedule(engine, budget, remember)
    let working = false
    let inPass = false
    let closed = false
    async function work(): Promise<void> {
      for (;;) {
        // What is asked for in one go starts together, and whoever waits for a token gets his turn.
        await new Promise((resolve) => setImmediate(resolve))
        if (closed) return plan.free()
        try {
          inPass = true
          const units = plan.arrange()
          if (units.length === 0) break
          pass(engine, units)
        } catch (cause) {
          for (const turn of plan.turns()) turn.fail(cause)
          plan.free()
        } finally {
          inPass = false
        }
      }
      working = false
    }
    return {
      budget,
      submit: (request) =>
        slotOf(request, (turn) => {
          if (turn.sampling.maxNewTokens <= 0)
            return turn.end({ ids: [], logprobs: new Float32Array(), finish: 'length' })
          plan.add(turn)
          if (!working) void work()
          working = true
        }),
      close() {
        closed = true
        for (const turn of plan.turns()) turn.fail(new Error('the session was closed'))
        if (!inPass) plan.free()
      },
    }
  }

/** Tokens read in a pass at most, and where some sequences write meanwhile. */
const [READ, READ_BESIDE] = [2048, 512]
/** Bytes of the scores of what is read of a unit at a time. */
const SCORE_BYTES = 8 * 2 ** 20
/** Tokens of a sequence read at a time, where that is more than one. */
const [FEWEST, MOST] = [16, 256]

/** Every sequence that writes gets a token, and of others so many are read. */
function pass(engine: Engine, units: readonly Running[]): void {
  const fed = feedsOf(engine, units)
  const draws: Draw[] = []
  let before = 0
  for (const { unit, feed } of fed)
    feed.tokens.forEach((tokens, lane) => {
      before += tokens.length
      const row = unit.rows[lane]
      if (tokens.length === 0 || !row?.turn) return
      const { sequence } = row
      if (heldOf(sequence) + tokens.length === sequence.tokens.length) draws.push({ row, at: before - 1 })
    })
  const x = tokenPass(
    engine,
    fed.map(({ feed }) => feed),
  )
  const V = engine.config.vocabulary
  for (const alike of Map.groupBy(draws, ({ row }) => JSON.stringify(headOf(row.turn!.sampling))).values())
    for (let first = 0; first < alike.length; first += rowsAtOnce(engine)) {
      const some = alike.slice(first, first + rowsAtOnce(engine))
      const rows = some.map(({ at }) => at)
      const scores = scoresOf(engine, x, rows, headOf(some[0]!.row.turn!.sampling))
      some.forEach(({ row }, i) => isLive(row) && write(row, row.turn!, scores.subarray(i * V, (i + 1) * V)))
    }
}

/** A sequence that gets a token, and the row of the pass that it is drawn from. */
interface Draw {
  row: Row
  at: number
}

function feedsOf(engine: Engine, units: readonly Running[]): { unit: Running; feed: Feed }[] {
  const pending = ({ sequence }: Row) => sequence.tokens.length - heldOf(sequence)
  const most = ({ rows }: Running) => rows.reduce((all, row) => (isLive(row) ? Math.max(all, pending(row)) : all), 0)
  const writes = units.some((unit) => most(unit) === 1)
  let left = writes ? READ_BESIDE : READ
  return units.flatMap((unit) => {
    const { lanes, shared, rows } = unit
    let piece = 1
    if (most(unit) > 1) {
      if (left <= 0) return []
      const live = rows.filter(isLive).length
      const longest = Math.max(...lanes.lengths) + MOST
      const scored = SCORE_BYTES / (4 * engine.config.heads * lanes.count * longest)
      piece = Math.max(FEWEST, Math.min(MOST, Math.floor(scored), Math.floor(left / live)))
      left -= piece * live
    }
    const tokens = Array.from(rows, (row) => {
      if (!isLive(row)) return []
      const held = heldOf(row.sequence)
      return row.sequence.tokens.slice(held, held + piece)
    })
    return tokens.some(({ length }) => length > 0) ? [{ unit, feed: { lanes, shared, tokens } }] : []
  })
}

/** The next token of a row from its scores [V]. */
function write(row: Row, turn: Turn, scores: Float32Array): void {
  const { ids, logprobs } = row
  const { sampling, onToken } = turn
  const p = lawful(row, turn, scores)
  const { id, logprob } = drawn(row, turn, p)
  ids.push(id)
  logprobs.push(logprob)
  row.sequence.tokens.push(id)
  onToken?.(id, logprob, (count) => likeliest(p, sampling, count))
  const finish = sampling.eosIds.includes(id)
    ? 'eos'
    : sampling.stop?.(ids)
      ? 'stop'
      : ids.length >= sampling.maxNewTokens
        ? 'length'
        : undefined
  if (finish) turn.end({ ids, logprobs: Float32Array.from(logprobs), finish })
}

/** Probabilities [V] of the next token before anything is cut from them. */
function lawful({ ids }: Row, { ids: before, sampling }: Turn, scores: Float32Array): Float32Array {
  if (!headOf(sampling).raw) return scores
  return probabilities(scores, penalises(sampling) ? [...before, ...ids] : [], sampling, sampling.mask?.(ids))
}

function drawn({ ids }: Row, { ids: before, sampling, key, origin }: Turn, p: Float32Array): Drawn {
  const place = before.length + ids.length
  return sampleToken(p, sampling, sampling.temperature === 0 ? 0 : uniform(...key, place - origin))
}
