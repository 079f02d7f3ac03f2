// How much longer a tokenizer's own steps may make a text: a few replacements, one after another, can fill any memory.
import { HoneError } from '../error.ts'

/** Far beyond what tokenizers do, which put a sign in place of a space. */
const MOST = 1024

/** @throws HoneError where the steps of one part of tokenizer.json make a text more than so many times as long. */
export function requireModest(file: object, at: string): void {
  for (const [part, steps] of Object.entries(file)) {
    if (!PARTS.has(part) || growthOf(steps) <= MOST) continue
    throw new HoneError(`Cannot read the tokenizer: its ${part} makes a text more than ${MOST} times as long`, { at })
  }
}

const PARTS = new Set(['normalizer', 'pre_tokenizer', 'decoder'])
/** Where a step says what it puts in. */
const PUT_IN = ['content', 'replacement', 'prepend']

/** The product over all steps of the longest text that each puts in place of a character. */
function growthOf(step: unknown): number {
  if (typeof step !== 'object' || step === null) return 1
  let growth = 1
  for (const [key, value] of Object.entries(step))
    growth *= PUT_IN.includes(key) && typeof value === 'string' ? Math.max(1, value.length) : growthOf(value)
  return growth
}
