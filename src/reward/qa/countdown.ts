// Countdown's reward (Jiayi-Pan/TinyZero, countdown.py): an equation that makes the target of the given numbers, each used once.
import * as v from 'valibot'
import { parseJson, plainJson } from '../../text/json.ts'
import { evaluate } from '../../text/python/arithmetic.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import { strip } from '../../text/python/text.ts'
import { numeric, PythonError } from '../../text/python/value.ts'
import { faulty, Raised, type Mode, type Sample, type Verdict } from '../reward.ts'

const Game = v.object({ target: v.number(), numbers: v.array(v.number()) })
const ANSWER = ['<answer>', '</answer>'] as const
const WRONG = 0.1
const TOLERANCE = 1e-5
/** What stands before the reply, where a prompt does. */
const MARKS = ['Assistant:', '<|im_start|>assistant']

/**
 * 1 for the right equation in the last answer block, 0.1 for a block with anything else, 0 without one. The published code reads
 * the last line alone, the paper's rule (`strict`) knows no lines. What is right is {"target", "numbers"} as JSON.
 */
export function scoreCountdown({ completion, truth }: Sample, mode: Mode): Verdict {
  try {
    const game = typeof truth === 'string' ? v.safeParse(Game, plainJson(parseJson(truth))) : undefined
    if (!game?.success) throw new Raised('KeyError', 'what is right must be {"target": …, "numbers": […]}')
    const mark = MARKS.find((each) => completion.includes(each))
    const reply = mark === undefined ? completion : completion.slice(completion.indexOf(mark) + mark.length)
    const searched = mode === 'compat' ? reply.slice(reply.lastIndexOf('\n') + 1) : reply
    const equation = lastAnswer(searched)
    if (equation === undefined) return verdict(0, 'no <answer> … </answer>')
    const fault = faultOf(strip(equation), game.output)
    return fault === undefined ? verdict(1) : verdict(WRONG, fault)
  } catch (error) {
    return faulty(error)
  }
}

/** What the last answer block holds; blocks are found from the left. */
function lastAnswer(text: string): string | undefined {
  const [open, close] = ANSWER
  let answer: string | undefined
  for (let from = text.indexOf(open); from >= 0;) {
    const start = from + open.length
    const end = text.indexOf(close, start)
    if (end < 0) break
    answer = text.slice(start, end)
    from = text.indexOf(open, end)
  }
  return answer
}

/** Why the equation is not the right one, or undefined. */
function faultOf(equation: string, { target, numbers }: v.InferOutput<typeof Game>): string | undefined {
  const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b).join()
  const used = (equation.match(/\d+/g) ?? []).map(Number)
  if (ascending(used) !== ascending(numbers)) return `other numbers than ${numbers.join(', ')}: ${equation}`
  if (!/^[\d+\-*/().\s]+$/.test(equation)) return `no equation: ${equation}`
  try {
    const value = Number(numeric(evaluate(parseExpression(equation))))
    return Math.abs(value - target) < TOLERANCE ? undefined : `${equation} is ${value}, not ${target}`
  } catch (error) {
    if (error instanceof PythonError) return `cannot reckon ${equation}: ${error.message}`
    throw error
  }
}

const verdict = (score: number, reason?: string): Verdict => ({
  score,
  parts: { answered: score > 0 ? WRONG : 0, right: score === 1 ? 1 - WRONG : 0 },
  fault: null,
  reasons: reason === undefined ? [] : [reason],
})
