// OpenAI chat rows: messages with tool_calls or the older function_call, tools or functions.
import type { Asked } from '../../dialogue/prompt/form.ts'
import type { JsonObject } from '../../text/json.ts'
import { dialogueField, holdMessages, offeredTools, readDialogue } from '../messages.ts'
import { isPair } from '../pair.ts'
import { repairTools } from '../tools.ts'
import type { Source } from '../source.ts'

export const openai: Source = {
  what: 'OpenAI chat messages with tools and tool_calls (fine-tuning JSONL, TRL conversational)',
  // A preference teaches none of the turns that it shows.
  recognises: (record) =>
    !isPair(record) &&
    ((dialogueField(record, 'role') !== undefined && !Array.isArray(record['answer'])) ||
      (holdMessages(record['prompt'], 'role') && holdMessages(record['completion'], 'role'))),
  convert(record) {
    // TRL keeps the turns to learn apart from the prompt.
    const field = dialogueField(record, 'role')
    const apart = field === undefined && record['prompt'] !== undefined
    return {
      tools: offeredTools(record),
      ...readDialogue(record, apart ? ['prompt', 'completion'] : [field ?? 'messages']),
      ...(apart ? { lastOnly: true } : {}),
      meta: {},
    }
  },
}

/** Whether a row asks by messages, in any spelling that is read here. */
export function asksByMessages(record: JsonObject): boolean {
  return Array.isArray(record[askedField(record)])
}

/** What a row of messages asks, whatever stands in the last of them. @throws Rejection naming the field */
export function askedOf(record: JsonObject): Asked {
  return { messages: readDialogue(record, [askedField(record)]).turns, tools: repairTools(offeredTools(record)).tools }
}

const askedField = (record: JsonObject): string =>
  dialogueField(record, 'role') ??
  dialogueField(record, 'from') ??
  (Array.isArray(record['messages']) ? 'messages' : 'prompt')
