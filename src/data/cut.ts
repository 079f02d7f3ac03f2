// Cuts a dialogue into single decisions: each call turn with the history before it (Tool-N1's preparation of multi-turn rows).
import type { Message, ToolCall } from '../dialogue/row.ts'
import { Rejection, type Dialogue, type Turn } from './source.ts'

/** One decision: what came before it, the calls that are right, its place among the turns, the text said and the thought beside the calls. */
export interface Step {
  messages: Message[]
  answer: ToolCall[]
  turn: number
  said: string
  thought: string
}

/**
 * The decisions of a dialogue in order, and what stands in the way of others. A decision is a turn with `tool_calls`
 * (also an empty list); a plain assistant turn is one only with `keepNoCall`. Text that an assistant says right before its
 * call belongs to the decision and is no part of the prompt. A turn that cannot be read ends the
 * dialogue; one that is not to be learnt is history alone.
 */
export function cut(dialogue: Dialogue, keepNoCall: boolean): (Step | Rejection)[] {
  const found: (Step | Rejection)[] = []
  const { turns, untaught = new Set() } = dialogue
  for (const [i, turn] of turns.entries()) {
    if (turn.fault !== undefined) {
      found.push(new Rejection('bad-call', `turn ${i + 1} ${turn.fault}`))
      break
    }
    if (turn.role !== 'assistant' || untaught.has(i) || (dialogue.lastOnly && i < turns.length - 1)) continue
    if (turn.tool_calls === undefined && (turns[i + 1]?.tool_calls !== undefined || !keepNoCall)) continue
    found.push(step(turns, i, turn, untaught))
  }
  if (found.length > 0) return found
  const said = turns.some(({ role }, i) => role === 'assistant' && !untaught.has(i))
  return [
    new Rejection(
      said ? 'no-call' : 'no-decision',
      said
        ? 'no assistant turn calls a tool'
        : untaught.size > 0
          ? 'no assistant turn is to be learnt'
          : 'the dialogue has no assistant turn',
    ),
  ]
}

function step(turns: readonly Turn[], i: number, decision: Turn, untaught: ReadonlySet<number>): Step {
  const isSaid = (at: number) =>
    turns[at]?.role === 'assistant' && turns[at].tool_calls === undefined && !untaught.has(at)
  let end = i
  while (isSaid(end - 1)) end--
  const said = [...turns.slice(end, i), decision]
    .map(({ content }) => content)
    .filter((text) => text !== '')
    .join('\n')
  const thought = typeof decision['reasoning_content'] === 'string' ? decision['reasoning_content'] : ''
  return { messages: turns.slice(0, end), answer: decision.tool_calls ?? [], turn: i, said, thought }
}
