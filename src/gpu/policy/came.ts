// A token of a turn has come: it is kept and told, and the turn ends with it or goes on.
import type { Trace } from './engine.ts'
import type { Drawn } from './sample.ts'
import type { Row } from './schedule.ts'
import type { Turn } from './slot.ts'
import { keepRows } from './trace.ts'

/** `likeliest` gives those that the law would have taken first, to a turn that asks for any. */
export function came(
  row: Row,
  turn: Turn,
  { id, logprob }: Drawn,
  { likeliest, trace }: { likeliest: (count: number) => Drawn[]; trace: Trace | undefined },
): void {
  const { ids, logprobs, sequence } = row
  const { sampling, onToken } = turn
  ids.push(id)
  logprobs.push(logprob)
  sequence.tokens.push(id)
  row.draft?.learn(id)
  onToken?.(id, logprob, likeliest)
  const finish = sampling.eosIds.includes(id)
    ? 'eos'
    : sampling.stop?.(ids)
      ? 'stop'
      : ids.length >= sampling.maxNewTokens
        ? 'length'
        : undefined
  if (!finish) return
  if (trace) keepRows(trace, sequence, ids)
  turn.end({ ids, logprobs: Float32Array.from(logprobs), finish })
}

/** The number that the next token of a turn is drawn with, or one some places behind it. */
export const placeOf = ({ ids }: Row, { ids: before, origin }: Turn): number => before.length + ids.length - origin
