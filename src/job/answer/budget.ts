// Answers under a budget of thinking (T1's probe of inference scaling, arXiv 2501.11651): a thought that has not ended by then is
// ended for the model, and it answers with what it has.
import { inOrder } from '../../dialogue/endpoint.ts'
import { beforeStop, textOf } from '../../rl/judge.ts'
import { endingOf } from '../open.ts'
import type { Answered, Question } from './answerer.ts'
import { type ModelAnswerer, tooLong } from './model.ts'

/** A question to be thought about for so many tokens at most. */
export interface Budgeted extends Question {
  budget: number
}

/** Questions whose thoughts grow at once. */
const AT_ONCE = 64

/**
 * Answers in order. A thought is what comes before `</think>`; where it is longer than the budget, `end` stands in its place from
 * there on. Whatever comes after a thought has the tokens of an answer. A reply that ends before its budget is as it is without one.
 */
export function withinBudget(
  { policy, language, sampled, show, positions }: ModelAnswerer,
  end: string,
): (questions: Iterable<Budgeted>) => AsyncIterable<Answered> {
  const { tokenizer } = language
  const { temperature, maxNewTokens, seed, stop = [] } = sampled
  const law = { temperature, ...endingOf(tokenizer, stop) }
  const ending = tokenizer.encode(end)
  const session = policy.open()
  const ask = async ({ asked, key, budget }: Budgeted): Promise<Answered> => {
    const ids = tokenizer.encode(show(asked))
    const longest = ids.length + budget + ending.length + maxNewTokens
    if (longest > positions) return { failure: tooLong(ids.length, longest - ids.length, positions), noRoom: true }
    const slot = session.submit({ ids, key: [seed, ...key, 0], sampling: { ...law, maxNewTokens: budget } })
    const { ids: thought, finish } = await slot.completion
    const own = [...thought]
    if (finish === 'length') {
      const given = tokenizer.decode(own).includes('</think>') ? [] : ending
      const answer = await slot.extend(given, { ...law, maxNewTokens })
      own.push(...given, ...answer.ids)
    }
    slot.release()
    return { text: beforeStop(textOf({ ids: own }, tokenizer), stop) }
  }
  return (questions) => inOrder(questions, AT_ONCE, ask)
}
