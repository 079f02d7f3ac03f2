// TRL's conversational rows: prompt and completion as messages, tools as the chat template takes them, the answer for a reward.
import { dumpJson, type Json, type JsonObject } from '../../text/json.ts'
import { targetText } from '../../dialogue/prompt.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import { taughtTurn, type HoneRow, type Message } from '../../dialogue/row.ts'
import { thoughtOf } from '../../dialogue/openai.ts'

/** With a form, the tools stand in the prompt's text; without, the trainer's chat template renders them. */
export function trlRow(row: HoneRow, form: PromptForm | undefined): string {
  const answer = dumpJson(row.answer, { ensureAscii: false })
  if (form) {
    const prompt = form.messages(row).map(({ role, content }) => ({ role, content }))
    return dumpJson(
      { prompt, completion: [{ role: 'assistant', content: targetText(form, row) }], answer },
      { ensureAscii: false },
    )
  }
  const tools = row.tools.map((tool) => ({ type: 'function', function: tool }))
  const turns: Json = { prompt: row.messages.map(toMessage), completion: [toMessage(taughtTurn(row))], tools, answer }
  return dumpJson(turns, { ensureAscii: false })
}

function toMessage(message: Message): JsonObject {
  const { role, content, tool_calls } = message
  const said = { role, content, ...thoughtOf(message) }
  if (!tool_calls || tool_calls.length === 0) return said
  return { ...said, tool_calls: tool_calls.map((call) => ({ type: 'function', function: call })) }
}
