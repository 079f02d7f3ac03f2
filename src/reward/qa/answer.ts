// Compares short text answers word by word, normalised as SQuAD's evaluation does.
import { words } from '../../text/python/text.ts'

/** Answers that count only when they agree whole. */
const WHOLE = new Set(['yes', 'no', 'noanswer'])

/** Harmonic mean of precision and recall of the words, 0 to 1. */
export function wordF1(answer: string, gold: string): number {
  const [given, wanted] = [normalizedWords(answer), normalizedWords(gold)]
  const [givenText, wantedText] = [given.join(' '), wanted.join(' ')]
  if (givenText !== wantedText && (WHOLE.has(givenText) || WHOLE.has(wantedText))) return 0
  const left = new Map<string, number>()
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1)
  let same = 0
  for (const word of given) {
    const times = left.get(word) ?? 0
    if (times > 0) same++
    left.set(word, times - 1)
  }
  if (same === 0) return 0
  const precision = same / given.length
  const recall = same / wanted.length
  return (2 * precision * recall) / (precision + recall)
}

/** True where the normalised answers are the same words in the same order. */
export function sameAnswer(answer: string, gold: string): boolean {
  return normalizedWords(answer).join(' ') === normalizedWords(gold).join(' ')
}

/** Lower case, without ASCII punctuation and the articles a, an, the. */
function normalizedWords(text: string): string[] {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '')
  return words(plain.replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' '))
}
