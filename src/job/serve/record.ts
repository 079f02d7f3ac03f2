// What a served model was asked and answered, kept as rollouts: a file for every session, whole after every answer.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { decimalsOf } from '../../text/json.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { Refusal } from '../../serve/refusal.ts'
import type { Served } from '../../serve/served.ts'
import type { Sessions, Space } from '../../serve/space.ts'
import { recorder, type Sequence } from '../../serve/trajectory.ts'

const NAME = /^[\w.-]{1,100}$/
/** The session of requests that name none. */
const USUAL = 'default'

/** Sessions that come into being when they are asked for. The file of session ID is ID.jsonl. */
export function keptIn(folder: string, served: Served): Sessions {
  mkdirSync(folder, { recursive: true })
  const known = new Map<string, Space>()
  return {
    get(name) {
      const id = name === '' ? USUAL : name
      if (!NAME.test(id)) throw new Refusal(400, 'The name of a session is letters, digits, dots, _ and -')
      const space = known.get(id)
      if (space) return space
      const kept = recorder(served, undefined, () =>
        writeFileAtomic(
          join(folder, `${id}.jsonl`),
          kept.sequences.map((each, i) => lineOf(each, id, i, served)).join(''),
        ),
      )
      known.set(id, kept)
      return kept
    },
  }
}

/** A sequence with the columns of a rollout. */
function lineOf(
  { prompt, ids, logprobs, turns, finish }: Sequence,
  id: string,
  sample: number,
  { tokenizer }: Served,
): string {
  const trained = ids.map((_, t) =>
    Number(turns.some(({ role, from, to }) => role === 'assistant' && t >= from && t < to)),
  )
  const row = {
    id,
    sample,
    prompt_ids: prompt,
    output_ids: ids,
    logprobs: decimalsOf(Float32Array.from(logprobs)),
    trained,
    turns,
    stop: finish === 'length' ? 'max_tokens' : 'completed',
    output: tokenizer.decode(ids),
  }
  return `${JSON.stringify(row)}\n`
}
