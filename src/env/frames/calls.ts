// Episodes in a frame whose calls stand in running text.
import { lastLine } from '../code/engine.ts'
import type { Episode, Observation } from '../../rl/environment.ts'
import type { Runner } from '../runner.ts'
import { answer, type Ending } from '../toolbox.ts'
import type { CallFrame, Cut, Marked } from './frame.ts'

/** Where `most` is given, no more calls than that are made; `past` is what was said and called before. */
export function playCalls(
  frame: CallFrame,
  runners: readonly Runner[],
  ending: Ending,
  most: number | null,
  past = { whole: '', made: 0 },
): Episode {
  const limit = Math.min(frame.calls ?? Infinity, most ?? Infinity)
  let { whole, made } = past
  const over = (more: Partial<Observation> = {}): Observation => {
    const reward = ending(whole)
    return { messages: [], done: true, answer: whole, ...(reward !== undefined && { reward }), ...more }
  }
  return {
    stops: () => (made >= limit && frame.after === 'write' ? [] : frame.stops),
    async step({ text }) {
      whole += text
      if (!frame.stops.some((stop) => text.includes(stop))) return over()
      if (made >= limit) return frame.after === 'end' ? over({ stop: 'max_tool_calls' }) : over()
      const call = lastCall(text, frame.marks)
      // A stop without a call asks for nothing: the model writes on.
      if (!call) return { messages: [], inserted: '', done: false, answer: whole }
      made++
      const { tool, argument, content: said } = call
      const { content, error, failure } = await answer({ name: tool, arguments: { [argument]: said } }, runners)
      const inserted = frame.result.replace('{}', () => worded(frame, content, error))
      whole += inserted
      return {
        messages: [{ role: 'tool', content: inserted }],
        inserted,
        done: false,
        answer: whole,
        metrics: { tool_calls: 1, tool_errors: Number(error) },
        ...(failure !== undefined && { fault: failure }),
      }
    },
    ...(runners.every(({ pure }) => pure) && {
      fork: () => playCalls(frame, runners, ending, most, { whole, made }),
    }),
    close() {},
  }
}

/** The last whole call in a turn, by where it opens. */
function lastCall(text: string, marks: readonly Marked[]): (Marked & { content: string }) | undefined {
  const found = marks.flatMap((mark) => {
    const close = text.lastIndexOf(mark.close)
    const open = text.lastIndexOf(mark.open, close - mark.open.length)
    if (close < 0 || open < 0) return []
    const content = text.slice(open + mark.open.length, text.indexOf(mark.close, open + mark.open.length))
    const fenced = mark.fence === undefined ? content : afterFence(content, mark.fence)
    return fenced === undefined ? [] : [{ ...mark, content: fenced, at: open }]
  })
  return found.toSorted((a, b) => b.at - a.at)[0]
}

function afterFence(text: string, fence: string): string | undefined {
  const at = text.lastIndexOf(fence)
  return at < 0 ? undefined : text.slice(at + fence.length).split('```', 1)[0]
}

/** A result as it is put in: of an error its last line. */
function worded({ empty, cut }: CallFrame, content: string, error: boolean): string {
  const said = error ? lastLine(content) : content.trim()
  return shortened(said === '' ? empty : said, cut)
}

function shortened(text: string, cut: Cut | null): string {
  return cut === null || text.length <= cut.over ? text : `${text.slice(0, cut.head)}...${text.slice(-cut.tail)}`
}
