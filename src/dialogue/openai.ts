// Messages as OpenAI's interface spells them: calls with ids and arguments as text, results with the id of their call.
import { dumpJson, type JsonObject } from '../text/json.ts'
import type { Message } from './row.ts'

interface Spelling {
  /** Names in the alphabet that the interface takes. */
  rename?(name: string): string
  /** Thoughts stand beside what is said. */
  thoughts?: boolean
}

/** A result answers the first call of its turn that has none yet. */
export function openaiMessages(
  messages: readonly Message[],
  { rename = (name) => name, thoughts = false }: Spelling = {},
): JsonObject[] {
  let count = 0
  let open: string[] = []
  return messages.map((message): JsonObject => {
    const { role, content, tool_calls = [] } = message
    if (role === 'tool') return { role, tool_call_id: open.shift() ?? `call_${count++}`, content }
    const thought = thoughts ? thoughtOf(message) : {}
    if (tool_calls.length === 0) return { role, content, ...thought }
    const calls = tool_calls.map(({ name, arguments: values }) => ({
      id: `call_${count++}`,
      type: 'function',
      function: { name: rename(name), arguments: dumpJson(values, { ensureAscii: false }) },
    }))
    open = calls.map(({ id }) => id)
    return { role, content: content === '' ? null : content, ...thought, tool_calls: calls }
  })
}

/** The thought of a turn, under the name that chat templates read. */
export function thoughtOf({ reasoning_content }: Message): { reasoning_content?: string } {
  return typeof reasoning_content === 'string' ? { reasoning_content } : {}
}
