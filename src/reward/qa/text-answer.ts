// Rewards of a short text answer: the boxed or tagged answer against one or several right ones.
import { sameAnswer, wordF1 } from './answer.ts'
import { finalAnswer } from './arpo.ts'
import { faulty, Raised, type Sample, type Verdict } from '../reward.ts'

/** 1 where the normalised final answer is one of the right ones. */
export const scoreExact = (sample: Sample): Verdict =>
  best(sample, 'exact', (answer, gold) => (sameAnswer(answer, gold) ? 1 : 0))

/** Best word F1 of the final answer over the right ones. */
export const scoreF1 = (sample: Sample): Verdict => best(sample, 'f1', wordF1)

function best({ completion, truth }: Sample, name: string, compare: (answer: string, gold: string) => number): Verdict {
  try {
    const answer = finalAnswer(completion)
    let score = 0
    for (const gold of typeof truth === 'string' ? [truth] : truth) {
      if (typeof gold !== 'string') throw new Raised('TypeError', 'an expected answer must be text')
      score = Math.max(score, compare(answer, gold))
    }
    return {
      score,
      parts: { [name]: score },
      fault: null,
      reasons: score === 1 ? [] : [`the answer is ${JSON.stringify(answer)}`],
    }
  } catch (error) {
    return faulty(error)
  }
}
