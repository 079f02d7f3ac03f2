// ShareGPT with function calls, as LLaMA-Factory reads it: conversations of from/value, tools as JSON text or a list.
import type { JsonObject } from '../../text/json.ts'
import { dialogueField, offeredTools, readDialogue } from '../messages.ts'
import type { Dialogue, Source } from '../source.ts'

export const sharegpt: Source = {
  what: 'ShareGPT with function calls (LLaMA-Factory: human, gpt, function_call, observation)',
  recognises: (record) => dialogueField(record, 'from') !== undefined,
  convert: convertSharegpt,
}

/** @throws Rejection */
export function convertSharegpt(record: JsonObject): Dialogue {
  const field = dialogueField(record, 'from') ?? dialogueField(record, 'role') ?? 'conversations'
  return { tools: offeredTools(record), ...readDialogue(record, [field]), meta: {} }
}
