// The question-answering reward of ARPO (deep_research.py) and Tool-Star (re_search.py): a tagged layout, then the answer's F1.
import { count, strip } from '../../text/python/text.ts'
import { wordF1 } from './answer.ts'
import { faulty, Raised, type Sample, type Verdict } from '../reward.ts'

/** -1 for a bad layout or box, else the best F1 over the gold answers, and 0.1 more where search and python both occur with F1 > 0. */
export function scoreArpo({ completion, truth }: Sample): Verdict {
  try {
    const golds = typeof truth === 'string' ? [truth] : truth
    const defect = layoutDefect(completion)
    if (defect !== undefined) return verdict(-1, 0, 0, `bad format: ${defect}`)
    const content = completion.slice(
      completion.indexOf('<answer>') + '<answer>'.length,
      completion.indexOf('</answer>'),
    )
    const answer = lastBoxed(content)
    if (answer === undefined) return verdict(-1, 0, 0, 'no closed \\boxed{} in the answer')
    let f1 = 0
    for (const gold of golds) {
      if (typeof gold !== 'string') throw new Raised('AttributeError', 'an expected answer must be text')
      f1 = Math.max(f1, wordF1(answer, gold))
    }
    const bonus = f1 > 0 && completion.includes('</search>') && completion.includes('</python>') ? 0.1 : 0
    return verdict(
      f1 + bonus,
      f1,
      bonus,
      f1 === 0 ? `wrong answer: ${answer}` : f1 < 1 ? `the answer agrees in part: ${answer}` : undefined,
    )
  } catch (error) {
    return faulty(error)
  }
}

function verdict(score: number, f1: number, bonus: number, reason: string | undefined): Verdict {
  return {
    score,
    parts: { format: score < 0 ? -1 : 0, f1, tools: bonus },
    fault: null,
    reasons: reason === undefined ? [] : [reason],
  }
}

/** What is wrong with the tags, or undefined. One result may serve a search and a python block. */
function layoutDefect(text: string): string | undefined {
  const thoughts = count(text, '<think>')
  if (thoughts !== count(text, '</think>')) return 'think tags do not pair up'
  if (thoughts === 0) return 'no thinking'
  if (count(text, '<answer>') !== 1 || count(text, '</answer>') !== 1) return 'not exactly one <answer> … </answer>'
  const tool = toolDefect(text, 'search') ?? toolDefect(text, 'python')
  if (tool !== undefined) return tool
  const [start, end] = [text.indexOf('<answer>'), text.indexOf('</answer>')]
  if (start > end) return 'the answer tags are in reverse order'
  const answer = text.slice(start, end)
  return answer.includes('\\boxed{') && answer.includes('}') ? undefined : 'no \\boxed{} in the answer'
}

/** Every tool block must close before the next result opens, and that result must close. */
function toolDefect(text: string, tool: string): string | undefined {
  for (let open = text.indexOf(`<${tool}>`); open >= 0;) {
    const close = text.indexOf(`</${tool}>`, open)
    const result = text.indexOf('<result>', open)
    const resultEnd = result < 0 ? -1 : text.indexOf('</result>', result)
    if (close < 0 || resultEnd < 0) return `${tool} or result tags are incomplete`
    if (close > result) return `${tool} and result tags are nested in the wrong order`
    open = text.indexOf(`<${tool}>`, resultEnd)
  }
  return undefined
}

/** Content of the last \boxed{…}, braces balanced; `\boxed x$` (with a space) reaches to the next dollar sign. */
function lastBoxed(text: string): string | undefined {
  const spaced = text.lastIndexOf('\\boxed ')
  if (spaced >= 0) return text.slice(spaced + '\\boxed '.length).split('$', 1)[0]
  const start = text.lastIndexOf('\\boxed')
  if (start < 0 || !text.startsWith('\\boxed{', start)) return undefined
  let depth = 0
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return text.slice(start + '\\boxed{'.length, i)
  }
  return undefined
}

/** The final answer of a completion: the last box, else the text of the last answer block, else the last line. */
export function finalAnswer(completion: string): string {
  const boxed = lastBoxed(completion)
  if (boxed !== undefined) return strip(boxed)
  const open = completion.lastIndexOf('<answer>')
  if (open >= 0) return strip(completion.slice(open + '<answer>'.length).split('</answer>', 1)[0] ?? '')
  return strip(strip(completion).split('\n').at(-1) ?? '')
}
