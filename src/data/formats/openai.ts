// OpenAI's fine-tuning rows: calls with ids, arguments as JSON text, names in the alphabet that the interface takes.
import { dumpJson, type Json, type JsonObject } from '../../text/json.ts'
import { taughtTurn, type HoneRow, type Message, type ToolCall } from '../../dialogue/row.ts'

export function openaiRow(row: HoneRow): string {
  const names = validNames(row)
  const messages = openaiMessages([...row.messages, taughtTurn(row)], (name) => names.get(name) ?? name)
  const tools = row.tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name: names.get(name) ?? name, description, parameters },
  }))
  const parallel = row.answer.length > 1 ? { parallel_tool_calls: true } : {}
  return dumpJson({ messages, ...(tools.length > 0 ? { tools } : {}), ...parallel }, { ensureAscii: false })
}

/** Messages with call ids; a result answers the first open call of its turn. */
function openaiMessages(messages: readonly Message[], rename: (name: string) => string = (name) => name): Json[] {
  let count = 0
  let open: string[] = []
  return messages.map((message): JsonObject => {
    if (message.role === 'tool')
      return { role: 'tool', tool_call_id: open.shift() ?? `call_${count++}`, content: message.content }
    if (!message.tool_calls || message.tool_calls.length === 0)
      return { role: message.role, content: message.content, ...thoughtOf(message) }
    const calls = message.tool_calls.map((call: ToolCall) => ({
      id: `call_${count++}`,
      type: 'function',
      function: { name: rename(call.name), arguments: dumpJson(call.arguments, { ensureAscii: false }) },
    }))
    open = calls.map(({ id }) => id)
    const content = message.content === '' ? null : message.content
    return { role: 'assistant', content, ...thoughtOf(message), tool_calls: calls }
  })
}

/** The thought of a turn, under the name that chat templates read. */
export function thoughtOf({ reasoning_content }: Message): { reasoning_content?: string } {
  return typeof reasoning_content === 'string' ? { reasoning_content } : {}
}

/** Names of tools and calls as the interface takes them: letters, digits, _ and -, at most 64, still distinct. */
function validNames(row: HoneRow): Map<string, string> {
  const calls = [...row.answer, ...row.messages.flatMap(({ tool_calls }) => tool_calls ?? [])]
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const name of new Set([...row.tools, ...calls].map((each) => each.name))) {
    const plain = name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60) || 'tool'
    let unique = plain
    for (let i = 2; taken.has(unique); i++) unique = `${plain}_${i}`
    taken.add(unique)
    names.set(name, unique)
  }
  return names
}
