// Log-probs of pairs under the reference, kept in the run: a run that goes on has no model that is as the reference was.
import { existsSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import type { Pair, PairReference } from '../../rl/record.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { hash } from '../protocol.ts'

/** A line a pair; the columns are TRL's. `pair` is the hash of its ids. */
const Line = v.object({
  id: v.string(),
  pair: v.string(),
  ref_chosen_logps: v.number(),
  ref_rejected_logps: v.number(),
})

export function writeReference(path: string, pairs: readonly Pair[], references: readonly PairReference[]): void {
  const lines = pairs.map((pair, i): v.InferOutput<typeof Line> => ({
    id: pair.id,
    pair: hashOf(pair),
    ref_chosen_logps: references[i]!.chosen,
    ref_rejected_logps: references[i]!.rejected,
  }))
  writeFileAtomic(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/** What the file holds of exactly these pairs, else undefined. @throws HoneError for that where it is `needed`. */
export function readReference(path: string, pairs: readonly Pair[], needed: boolean): PairReference[] | undefined {
  const lines = existsSync(path) ? readLines(path) : undefined
  const fits = lines?.length === pairs.length && lines.every(({ pair }, i) => pair === hashOf(pairs[i]!))
  if (fits) return lines.map(({ ref_chosen_logps: chosen, ref_rejected_logps: rejected }) => ({ chosen, rejected }))
  if (!needed) return undefined
  throw new HoneError(
    `Cannot go on with the run: ${lines ? 'its pairs are others than those whose reference log-probs it holds' : 'its reference log-probs cannot be read'}`,
    { at: path, hint: 'give the data that the run began with, or start a run in another directory' },
  )
}

function readLines(path: string): v.InferOutput<typeof Line>[] | undefined {
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    return lines.map((line) => v.parse(Line, JSON.parse(line)))
  } catch {
    return undefined
  }
}

const hashOf = ({ prompt, chosen, rejected }: Pair): string => hash(JSON.stringify([prompt, chosen, rejected]))
