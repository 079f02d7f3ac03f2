// Rules of rows that prefer one text to another, which `hone dpo` and `hone rm` learn from.
import { readPair } from '../../data/pair.ts'
import { Rejection } from '../../data/source.ts'
import { EXAMPLE, type Rule } from '../rule.ts'

const { answer: [call] = [], ...asked } = EXAMPLE
const pair = (rejected: unknown) => JSON.stringify({ ...asked, chosen: [call], rejected })

export const preferenceRules: Rule[] = [
  {
    code: 'HN603',
    severity: 'error',
    what: 'A preference cannot be read.',
    why: 'hone dpo and hone rm stop at the row; other trainers learn from whatever they make of it.',
    hint: 'give "chosen" and "rejected" that differ: each a text, a message, messages that the model begins and ends, or calls',
    bad: pair([call]),
    good: pair('No tool fits.'),
    on: 'pair',
    check(record) {
      try {
        readPair(record)
        return undefined
      } catch (error) {
        if (!(error instanceof Rejection)) throw error
        return { message: error.message }
      }
    },
  },
]
