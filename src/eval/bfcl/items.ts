// BFCL's rows as questions: messages and tools, each description saying which language its function is in.
import type { Message } from '../../dialogue/row.ts'
import { isObject, type Json } from '../../text/json.ts'
import type { Item } from '../benchmark.ts'
import { toolsOf } from '../tools.ts'
import { categories, isCategory } from './categories.ts'
import { readCategory } from './data.ts'
import type { Language } from './types.ts'

export async function* items(data: string, category: string): AsyncGenerator<Item> {
  if (!isCategory(category)) return
  for (const { id, question, functionDocs } of (await readCategory(data, category)).values()) {
    const [turn] = Array.isArray(question) ? question : []
    const tools = toolsOf(functionDocs, HINTS[categories[category].language])
    yield { record: { id, category }, asked: { messages: messagesOf(turn ?? null), tools } }
  }
}

const HINTS: Record<Language, string> = {
  python: ' Note that the provided function is in Python 3 syntax.',
  java: ' Note that the provided function is in Java 8 SDK syntax.',
  javascript: ' Note that the provided function is in JavaScript syntax.',
}

const ROLES = ['system', 'user', 'assistant', 'tool'] as const

function messagesOf(turn: Json): Message[] {
  if (!Array.isArray(turn)) return []
  return turn.flatMap((message) => {
    const role = isObject(message) ? ROLES.find((each) => each === message['role']) : undefined
    return role && isObject(message) ? [{ role, content: String(message['content'] ?? '') }] : []
  })
}
