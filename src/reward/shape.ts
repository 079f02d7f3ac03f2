// Rewards of the completion's shape, whatever it says: length of the thinking, repetition, overlong replies.
import { splitThink } from '../dialogue/call/read.ts'
import { callTexts } from '../dialogue/call/values.ts'
import { words } from '../text/python/text.ts'
import type { Sample, Verdict } from './reward.ts'

/** Words of thinking over the words wanted, at most 1 (ToolRL's length reward, not rounded). */
export function scoreLength({ completion }: Sample, wanted: number): Verdict {
  const { think } = splitThink(completion, (text) => callTexts(text))
  const share = Math.min(words(think ?? '').length / wanted, 1)
  return one('length', share, share < 1 ? `thinking of fewer than ${wanted} words` : undefined)
}

/** Words in a row, of which more than half stood before, and what bytes that are no text become. */
const REPEATED = { words: 8, share: 0.5 }
const GARBLED = '\ufffd'

/** Whether a text goes round in circles or is no text: what T1 (arXiv 2501.11651) gives −1 besides a completion that was cut. */
export function isDegenerate(completion: string): boolean {
  if (completion.includes(GARBLED)) return true
  return -scoreRepetition({ completion, truth: [] }, REPEATED.words).score > REPEATED.share
}

/** Minus the share of n-grams of words that occurred before: 0 without repetition, towards -1 with nothing else. */
export function scoreRepetition({ completion }: Sample, n: number): Verdict {
  const all = words(completion)
  const total = all.length - n + 1
  if (total <= 0) return one('repetition', 0, undefined)
  const seen = new Set<string>()
  for (let i = 0; i < total; i++) seen.add(all.slice(i, i + n).join(' '))
  const repeated = (total - seen.size) / total
  return one(
    'repetition',
    repeated === 0 ? 0 : -repeated,
    repeated > 0 ? `${total - seen.size} of ${total} ${n}-grams are repeated` : undefined,
  )
}

/**
 * DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13): 0 up to `maximum - cache` tokens, down to -1 at `maximum`, -1 beyond.
 * Not applicable where the number of tokens is unknown.
 */
export function scoreOverlong({ tokens }: Sample, maximum: number, cache: number): Verdict {
  if (tokens === undefined) {
    return {
      score: 0,
      parts: { overlong: null },
      fault: null,
      notApplicable: true,
      reasons: ['the number of tokens is unknown'],
    }
  }
  const over = tokens - (maximum - cache)
  const score = over <= 0 ? 0 : -Math.min(over / cache, 1)
  return one('overlong', score, over > 0 ? `${over} tokens into the last ${cache}` : undefined)
}

function one(name: string, score: number, reason: string | undefined): Verdict {
  return { score, parts: { [name]: score }, fault: null, reasons: reason === undefined ? [] : [reason] }
}
