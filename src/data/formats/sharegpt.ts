// ShareGPT rows with function calls as LLaMA-Factory reads them: human and observation take turns with gpt and function_call.
import { dumpJson, type Json } from '../../text/json.ts'
import type { HoneRow, Message } from '../../dialogue/row.ts'

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
  add(
    turns,
    toTurn({ role: 'assistant', content: replyOf(row), ...(row.answer.length > 0 ? { tool_calls: row.answer } : {}) }),
  )
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

function toTurn({ role, content, tool_calls }: Message): Turn {
  if (tool_calls && tool_calls.length > 0)
    return { from: 'function_call', value: dumpJson(tool_calls, { ensureAscii: false }) }
  return { from: FROM[role], value: content }
}

/** What is said where no tool is called. */
export function replyOf({ answer, meta }: HoneRow): string {
  if (answer.length > 0) return ''
  return typeof meta['reply'] === 'string' ? meta['reply'] : 'None of the functions on offer can be used for this.'
}

const FROM = { user: 'human', assistant: 'gpt', tool: 'observation', system: 'system' }
