// Decoding in lock-step: prompts prefilled once a group, then one token a step for all their completions; rows that ended leave.
import type { Engine } from './engine.ts'
import { headOf, penalises } from './law.ts'
import { ownCache } from './own-cache.ts'
import { prefill } from './prompt-cache.ts'
import { probabilities, sampleToken } from './sample.ts'
import type { Turn } from './service.ts'
import type { Completion } from './session.ts'
import { rowsAtOnce, scoresOf, tokenPass } from './token-pass.ts'
import { uniform } from '../../rng.ts'

/** A turn and what was written of it. */
interface Row {
  turn: Turn
  ids: number[]
  logprobs: number[]
}

/** See `Decode`. Between tokens the event loop gets its turn. */
export async function decode(engine: Engine, turns: readonly (readonly Turn[])[]): Promise<void> {
  let groups = turns.map((group) => group.map((turn): Row => ({ turn, ids: [], logprobs: [] })))
  const prompts = prefill(
    engine,
    turns.map(([turn]) => turn!.ids),
  )
  const { sampling } = turns[0]![0]!
  const cache = ownCache(engine, groups.flat().length, sampling.maxNewTokens)
  const head = headOf(sampling)
  try {
    for (let t = 0; ; t++) {
      for (const row of groups.flat()) if (row.ids.length >= row.turn.sampling.maxNewTokens) end(row, 'length')
      if (!groups.flat().some(isLive)) return
      const fewer = withoutEnded(groups)
      if (fewer !== groups) {
        const before = groups.flat()
        prompts?.keep(fewer.map(([first]) => groups.findIndex((group) => group.includes(first!))))
        cache.keep(
          fewer.flat().map((row) => before.indexOf(row)),
          t,
        )
        groups = fewer
      }
      const rows = groups.flat()
      const x = tokenPass(engine, {
        groups: groups.length,
        samples: groups[0]!.length,
        prompts,
        cache,
        t,
        tokens: BigInt64Array.from(rows, ({ ids, turn }) => BigInt(ids.at(-1) ?? turn.ids.at(-1)!)),
        positions: rows.map(({ turn }) => turn.ids.length - 1 + t),
      })
      for (let first = 0; first < rows.length; first += rowsAtOnce(engine)) {
        const some = rows.slice(first, first + rowsAtOnce(engine))
        const scores = scoresOf(engine, x, first, some.length, head)
        const V = engine.config.vocabulary
        some.forEach((row, i) => isLive(row) && draw(row, scores.subarray(i * V, (i + 1) * V)))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    cache.free()
    prompts?.free()
  }
}

/** The next token of a row from its scores [V]. */
function draw(row: Row, scores: Float32Array): void {
  const { ids, logprobs, turn } = row
  const { sampling, key, origin } = turn
  const p = headOf(sampling).raw
    ? probabilities(scores, penalises(sampling) ? [...turn.ids, ...ids] : [], sampling, sampling.mask?.(ids))
    : scores
  const place = turn.ids.length + ids.length
  const random = sampling.temperature === 0 ? 0 : uniform(...key, place - origin)
  const { id, logprob } = sampleToken(p, sampling, random)
  ids.push(id)
  logprobs.push(logprob)
  turn.onToken?.(id, logprob)
  if (sampling.eosIds.includes(id)) end(row, 'eos')
  else if (sampling.stop?.(ids)) end(row, 'stop')
}

const isLive = ({ turn }: Row): boolean => !turn.over

function end({ turn, ids, logprobs }: Row, finish: Completion['finish']): void {
  if (!turn.over) turn.end({ ids, logprobs: Float32Array.from(logprobs), finish })
}

/** Rows that cost hardly more than one: weights are read once for all of them. */
const FEW = 16

/**
 * Half as many groups, or half as many rows in each, as often as all that is still written finds room: few sizes, so that
 * their graphs are used again. The groups given where that would save little.
 */
function withoutEnded(groups: Row[][]): Row[][] {
  if (groups.length * groups[0]!.length <= FEW) return groups
  const live = groups.map((rows) => rows.filter(isLive).length)
  const N = halved(groups.length, live.filter((count) => count > 0).length)
  const G = halved(groups[0]!.length, Math.max(...live))
  if (N === groups.length && G === groups[0]!.length) return groups
  const liveFirst = groups.map((rows) => rows.toSorted((a, b) => Number(isLive(b)) - Number(isLive(a))))
  return liveFirst
    .toSorted(([a], [b]) => Number(isLive(b!)) - Number(isLive(a!)))
    .slice(0, N)
    .map((rows) => rows.slice(0, G))
}

const halved = (size: number, needed: number): number =>
  2 * needed <= size ? halved(Math.ceil(size / 2), needed) : size
