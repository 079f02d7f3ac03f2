// A model at work on a reply: it writes on from any ids, and what it calls for on the way is answered where there is an environment.
import { promptText } from '../../dialogue/prompt.ts'
import { type HoneRow, rowJson } from '../../dialogue/row.ts'
import { textOf } from '../../rl/judge.ts'
import type { Stage } from '../../rl/play.ts'
import { isTruncated } from '../../rl/trained.ts'
import { keyOf } from '../../rng.ts'
import type { ModelAnswerer } from '../answer/model.ts'
import { endingOf } from '../open.ts'
import type { Replies } from './distill.ts'

export interface Writer {
  prompt(row: HoneRow): number[]
  /** What is written behind `ids`, with all that was put in, and whether it was cut off; undefined where there is no room. */
  write(
    row: HoneRow,
    ids: readonly number[],
    by: { key: readonly number[]; temperature: number },
  ): Promise<{ ids: readonly number[]; cut: boolean } | undefined>
}

export function openReplyWriter({ policy, language, sampled }: ModelAnswerer, stage: Stage | undefined): Writer {
  const { tokenizer, positions, form } = language
  const session = policy.open()
  return {
    prompt: (row) => tokenizer.encode(promptText(form, row, tokenizer)),
    async write(row, ids, { key, temperature }) {
      const maxNewTokens = Math.min(sampled.maxNewTokens, positions - ids.length)
      if (maxNewTokens < 1) return undefined
      const sampling = { temperature, maxNewTokens, ...endingOf(tokenizer) }
      if (stage) {
        const item = { index: 0, ids, row, json: rowJson(row) }
        const { completions } = await stage.play(session, { item, prompt: ids, samples: 1, key }, sampling)
        return { ids: completions[0]!.ids, cut: isTruncated(completions[0]!) }
      }
      const slot = session.submit({ ids, key, sampling })
      const { ids: written, finish } = await slot.completion.finally(() => slot.release())
      return { ids: written, cut: finish === 'length' }
    },
  }
}

/** So many replies of a model whose calls are answered as it writes. */
export function playedReplies(
  { language, sampled }: ModelAnswerer,
  { prompt, write }: Writer,
  attempts: number,
): Replies {
  const { temperature, seed } = sampled
  return async function* (row) {
    for (let sample = 0; sample < attempts; sample++) {
      const written = await write(row, prompt(row), { key: [seed, keyOf(row.id), sample], temperature })
      yield written && { completion: textOf(written, language.tokenizer), sample }
    }
  }
}
