// Hint-infer (START, arXiv 2503.04625): a model's greedy reply is cut, a hint stands there, and the model goes on from it.
import * as v from 'valibot'
import { HoneError, lookup } from '../../error.ts'
import { isDegenerate } from '../../reward/shape.ts'
import type { Tokenizer } from '../../dialogue/chat.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import { textOf } from '../../rl/judge.ts'
import { keyOf } from '../../rng.ts'
import { readRecords } from '../../text/jsonl.ts'
import type { ModelAnswerer } from '../answer/model.ts'
import type { Replies } from './distill.ts'
import { type Hint, hints, isHintFile, placeOf, type PlaceName, places } from './hints.ts'
import type { Writer } from './writer.ts'

const HintLine = v.object({
  name: v.optional(v.string()),
  at: v.picklist(Object.keys(places) as PlaceName[]),
  text: v.pipe(v.string(), v.minLength(1)),
})

/** Hints by the names of the library, between commas, or those of a file of rows {at, text, name?}. @throws HoneError */
export async function readHints(said: string): Promise<Hint[]> {
  if (!isHintFile(said))
    return said
      .split(',')
      .map((name) => ({ name: name.trim(), ...lookup(hints, 'hint or file of hints', name.trim()) }))
  const read: Hint[] = []
  for await (const { line, value } of readRecords(said)) {
    const parsed = v.safeParse(HintLine, value)
    if (!parsed.success) {
      const issue = parsed.issues[0]
      throw new HoneError(`Cannot read the hint: ${v.getDotPath(issue) ?? 'row'}: ${issue.message}`, {
        at: `${said}:${line}`,
        hint: `expected {"at": "${Object.keys(places).join('|')}", "text": "…"}`,
      })
    }
    const { name = `hint ${line}`, ...hint } = parsed.output
    read.push({ name, ...hint })
  }
  return read
}

/**
 * Replies to a row with hints, where the greedy reply without one is wrong: `attempts` in all, the hints in turn, each cut where it
 * belongs. A hint whose place a reply does not have is passed over; replies that were cut off, or go round in circles, come as none.
 */
export function hintedReplies(
  { language, sampled }: ModelAnswerer,
  { prompt, write }: Writer,
  all: readonly Hint[],
  attempts: number,
): Replies {
  const { tokenizer } = language
  const { temperature, seed } = sampled
  return async function* (row: HoneRow, accepts) {
    const asked = prompt(row)
    const key = [seed, keyOf(row.id)]
    const plain = await write(row, asked, { key: [...key, 0], temperature: 0 })
    if (!plain) return yield undefined
    const text = textOf(plain, tokenizer)
    if (await accepts(text)) return yield { right: true }
    for (let sample = 0; sample < attempts; sample++) {
      const hint = all[sample % all.length]!
      const { find, before = false } = placeOf(hint.at)
      const at = find(text)
      if (at === undefined) continue
      const kept = [...upTo(plain.ids, at, before, tokenizer), ...tokenizer.encode(hint.text)]
      const more = await write(row, [...asked, ...kept], { key: [...key, sample + 1], temperature })
      if (!more || more.cut) continue
      const completion = textOf({ ids: [...kept, ...more.ids] }, tokenizer)
      if (!isDegenerate(completion)) yield { completion, sample, hint: hint.name }
    }
  }
}

/** The tokens up to the place: of one that lies across it, all or nothing. */
function upTo(ids: readonly number[], length: number, before: boolean, tokenizer: Tokenizer): readonly number[] {
  const reaches = (count: number) => {
    const written = tokenizer.decode(ids.slice(0, count)).length
    return before ? written > length : written >= length
  }
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (reaches(middle)) high = middle
    else low = middle + 1
  }
  return ids.slice(0, before && reaches(low) ? low - 1 : low)
}
