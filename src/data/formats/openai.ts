// OpenAI's fine-tuning rows: calls with ids, arguments as JSON text, names in the alphabet that the interface takes.
import { dumpJson } from '../../text/json.ts'
import { openaiMessages } from '../../dialogue/openai.ts'
import { taughtTurn, type HoneRow } from '../../dialogue/row.ts'

export function openaiRow(row: HoneRow): string {
  const names = validNames(row)
  const spelling = { rename: (name: string) => names.get(name) ?? name, thoughts: true }
  const messages = openaiMessages([...row.messages, taughtTurn(row)], spelling)
  const tools = row.tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name: names.get(name) ?? name, description, parameters },
  }))
  const parallel = row.answer.length > 1 ? { parallel_tool_calls: true } : {}
  return dumpJson({ messages, ...(tools.length > 0 ? { tools } : {}), ...parallel }, { ensureAscii: false })
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
