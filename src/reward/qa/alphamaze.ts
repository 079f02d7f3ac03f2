// AlphaMaze's three rewards (menloresearch/visual-thinker, grpo_stage.py): tags, integrity of the moves, correctness of the path.
import { count, strip, words } from '../../text/python/text.ts'
import { faulty, Raised, type Sample, type Verdict } from '../reward.ts'

/** Sum of 0.125 for each think tag on its own line, 1 for moves and nothing else, 0.2 a move of the exact path. */
export function scoreAlphaMaze({ completion, truth }: Sample): Verdict {
  try {
    if (typeof truth !== 'string') throw new Raised('TypeError', 'the expected path must be text')
    const answer = strip(completion.split('</think>', 2)[1] ?? '')
    const format =
      (count(completion, '<think>\n') === 1 ? 0.125 : 0) + (count(completion, '\n</think>\n') === 1 ? 0.125 : 0)
    const integrity = /^(?:<\|(?:up|down|left|right)\|>)+$/.test(words(answer).join('')) ? 1 : 0
    const correctness = answer === strip(truth) ? answer.split('|><|').length * 0.2 : 0
    const reasons = [
      ...(format < 0.25 ? ['think tags are not once each on their own lines'] : []),
      ...(integrity === 0 ? ['the answer is not moves alone'] : []),
      ...(correctness === 0 ? ['another path'] : []),
    ]
    return { score: format + integrity + correctness, parts: { format, integrity, correctness }, fault: null, reasons }
  } catch (error) {
    return faulty(error)
  }
}
