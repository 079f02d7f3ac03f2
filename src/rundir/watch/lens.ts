// What a reader of completions must be told by those who know the model and its reward.
import type { Difference } from './view.ts'

/** Token ids as the text of each. */
export type Spell = (ids: readonly number[]) => string[]

export interface Lens {
  /** Absent where the tokenizer is not at hand. */
  spell?: Spell | undefined
  /** The calls that were expected beside those that the text makes; absent where no calls are expected. */
  differences?: ((text: string, expected: unknown) => Difference[]) | undefined
}

/** A speller of ids one by one. Tokens that share a letter are spelt by the first of them. */
export function spellerOf(decode: (ids: number[]) => string): Spell {
  const BROKEN = '\ufffd'
  const LONGEST = 4
  return (ids) => {
    const texts: string[] = []
    for (let i = 0; i < ids.length;) {
      let count = 1
      let text = decode([ids[i]!])
      while (text.includes(BROKEN) && count < LONGEST && i + count < ids.length)
        text = decode(ids.slice(i, i + ++count))
      if (text.includes(BROKEN)) text = decode(ids.slice(i, i + (count = 1)))
      texts.push(text, ...Array.from({ length: count - 1 }, () => ''))
      i += count
    }
    return texts
  }
}
