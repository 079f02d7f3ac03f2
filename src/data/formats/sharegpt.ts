// ShareGPT rows with function calls as LLaMA-Factory reads them: human and observation take turns with gpt and function_call.
import { dumpJson, type Json } from '../../text/json.ts'
import { taughtTurn, type HoneRow, type Message } from '../../dialogue/row.ts'
import { thoughtOf } from '../../dialogue/openai.ts'

interface Turn {
  [key: string]: Json
  from: string
  value: string
}

export function sharegptRow(row: HoneRow): string {
  const turns: Turn[] = []
  for (const message of row.messages) {
    if (message.role === 'system') continue
    const turn = toTurn(message)
    add(turns, turn)
  }
  add(turns, toTurn(taughtTurn(row)))
  const system = row.messages.filter(({ role }) => role === 'system').map(({ content }) => content)
  return dumpJson(
    {
      conversations: turns,
      tools: dumpJson(row.tools, { ensureAscii: false }),
      ...(system.length > 0 ? { system: system.join('\n\n') } : {}),
    },
    { ensureAscii: false },
  )
}

/** LLaMA-Factory wants askers and answerers to alternate: two askers become one turn, between two answerers stands an empty one. */
function add(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1)
  if (last && ASKS.has(last.from) && ASKS.has(turn.from)) last.value += `\n${turn.value}`
  else if (last?.from === 'gpt' && turn.from === 'gpt') last.value += `\n${turn.value}`
  else if (last && !ASKS.has(last.from) && !ASKS.has(turn.from)) turns.push({ from: 'human', value: '' }, turn)
  else turns.push(turn)
}

const ASKS = new Set(['human', 'observation'])

/** A turn of calls holds JSON after a thought, and has no place for what is said: it goes with the thought. */
function toTurn(message: Message): Turn {
  const { role, content, tool_calls = [] } = message
  const thought = thoughtOf(message).reasoning_content ?? ''
  if (tool_calls.length === 0) return { from: FROM[role], value: inTags(thought) + content }
  const before = [thought, content].filter((text) => text !== '').join('\n\n')
  return { from: 'function_call', value: inTags(before) + dumpJson(tool_calls, { ensureAscii: false }) }
}

/** A thought as LLaMA-Factory's templates write and read it. */
const inTags = (thought: string): string => (thought === '' ? '' : `<think>\n${thought}\n</think>\n\n`)

const FROM = { user: 'human', assistant: 'gpt', tool: 'observation', system: 'system' }
