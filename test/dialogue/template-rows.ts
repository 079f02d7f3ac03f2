// Rows for chat templates out of published data, read plainly, so that they change with no reader of hone: `bun FILE DATA OUT` writes them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dumpJson, isObject, JsonError, parseJson, type Json, type JsonObject } from '../../src/text/json.ts'

/** What a template is given: once up to where the model goes on, once with the answer. */
export interface TemplateRow {
  messages: JsonObject[]
  tools: JsonObject[] | null
  generate: boolean
}

/** The rows of every file below `folder`, by its path there; files that hold no dialogue are left out. */
export function* templateRows(folder: string): Generator<{ file: string; rows: TemplateRow[] }> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.jsonl?$/.test(path) && !path.includes('possible_answer'),
  )
  for (const file of paths.sort()) {
    const rows = recordsOf(readFileSync(join(folder, file), 'utf8')).flatMap(rowsOf)
    if (rows.length > 0) yield { file, rows }
  }
}

function recordsOf(text: string): Json[] {
  const whole = text.trimStart().startsWith('[') ? read(text) : undefined
  return Array.isArray(whole) ? whole : text.split('\n').flatMap((line) => read(line) ?? [])
}

function read(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

const ASSISTANTS = ['assistant', 'gpt', 'agent', 'function_call']
const TOOLS = ['tool', 'observation', 'function']

function rowsOf(record: Json): TemplateRow[] {
  if (!isObject(record)) return []
  const given = unwrapped(record['tools'] ?? record['function'] ?? record['functions'] ?? null)
  const tools = Array.isArray(given) ? given.filter(isObject).map(asFunction) : []
  const system = record['system']
  const messages = [
    ...(typeof system === 'string' ? [{ role: 'system', content: system }] : []),
    ...dialogueOf(record),
    ...answerOf(record),
  ]
  if (messages.length === 0) return []
  const asked = messages.at(-1)!['role'] === 'assistant' ? messages.slice(0, -1) : messages
  return [
    ...(asked.length > 0 ? [{ messages: asked, tools: tools.length > 0 ? tools : null, generate: true }] : []),
    { messages, tools: tools.length > 0 ? tools : null, generate: false },
  ]
}

function dialogueOf(record: JsonObject): JsonObject[] {
  const { question } = record
  const [first] = Array.isArray(question) ? question : []
  const list = [record['conversations'], record['messages'], record['prompt'], first, record['query']].find(
    Array.isArray,
  )
  if (list) return list.filter(isObject).map(messageOf)
  const text = [question, record['query'], record['user'], record['input'], record['instruction']].find(
    (each) => typeof each === 'string',
  )
  return text === undefined ? [] : [{ role: 'user', content: text }]
}

function messageOf(turn: JsonObject): JsonObject {
  const from = String(turn['from'] ?? turn['role']).toLowerCase()
  const given = turn['value'] ?? turn['content'] ?? ''
  const content = textOf(Array.isArray(given) ? given.filter((part) => !isThought(part)) : given)
  const role =
    from === 'system' ? 'system' : ASSISTANTS.includes(from) ? 'assistant' : TOOLS.includes(from) ? 'tool' : 'user'
  const calls = from === 'function_call' ? callsIn(content) : []
  const thought = thoughtIn(turn['content'] ?? null)
  return {
    role,
    content: calls.length > 0 ? '' : content,
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

const isThought = (part: Json): boolean => isObject(part) && part['type'] === 'reasoning'
const thoughtIn = (content: Json): string => (Array.isArray(content) ? textOf(content.filter(isThought)) : '')

/** The text of a message; of parts in a list, what each holds. */
function textOf(content: Json): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : dumpJson(content)
  return content.map((part) => textOf(isObject(part) ? (part['text'] ?? part['value'] ?? '') : part)).join('')
}

function answerOf(record: JsonObject): JsonObject[] {
  const calls = callsIn(record['answers'] ?? record['answer'] ?? '')
  return calls.length > 0 ? [{ role: 'assistant', content: '', tool_calls: calls }] : []
}

function callsIn(value: Json): JsonObject[] {
  const given = unwrapped(value)
  return (Array.isArray(given) ? given : [given])
    .filter(isObject)
    .filter((call) => typeof call['name'] === 'string')
    .map(({ name, arguments: values }) => ({
      type: 'function',
      function: { name: name!, arguments: unwrapped(values ?? {}) },
    }))
}

const asFunction = (tool: JsonObject): JsonObject =>
  isObject(tool['function']) ? tool : { type: 'function', function: tool }
const unwrapped = (value: Json): Json => (typeof value === 'string' ? (read(value) ?? value) : value)

if (import.meta.main) {
  const lines = [...templateRows(process.argv[2]!)].flatMap(({ file, rows }) =>
    rows.map(({ messages, tools, generate }) => dumpJson({ file, messages, tools, generate })),
  )
  writeFileSync(process.argv[3]!, `${lines.join('\n')}\n`)
}
