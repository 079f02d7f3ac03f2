// TRL's conversational rows: prompt and completion as messages, tools as the chat template takes them, the answer for a reward.
import { dumpJson, type Json, type JsonObject } from '../../text/json.ts'
import { targetText } from '../../dialogue/prompt.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneRow, Message } from '../../dialogue/row.ts'
import { answerOf } from './openai.ts'

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
  const turns: Json = { prompt: row.messages.map(toMessage), completion: [toMessage(answerOf(row))], tools, answer }
  return dumpJson(turns, { ensureAscii: false })
}

function toMessage({ role, content, tool_calls }: Message): JsonObject {
  if (!tool_calls || tool_calls.length === 0) return { role, content }
  return { role, content, tool_calls: tool_calls.map((call) => ({ type: 'function', function: call })) }
}
