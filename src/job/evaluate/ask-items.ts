// The rows of a benchmark as questions: messages, tools and the fields by which its judge finds the row again.
import { LANGUAGES, readCategory as readAce, categories as aceCategories } from '../../eval/acebench/data.ts'
import { readApiBank } from '../../eval/apibank/judge.ts'
import { categories, isCategory } from '../../eval/bfcl/categories.ts'
import { readCategory } from '../../eval/bfcl/data.ts'
import type { Language } from '../../eval/bfcl/types.ts'
import { unknownName } from '../../error.ts'
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import type { Asked } from '../../dialogue/prompt/form.ts'
import { readRows, type Message, type Tool } from '../../dialogue/row.ts'

export interface Item {
  /** Fields that every response to this row carries. */
  record: JsonObject
  asked: Asked
}

export interface ItemSet {
  /** Prompt forms: for a model that continues text, and for a chat endpoint. */
  forms: { text: string; chat: string }
  /** Names that --only may choose from; empty where there are none. */
  categories: readonly string[]
  /** Rows of one category ('' where there are none). */
  read(data: string, category: string): AsyncIterable<Item>
}

export const itemSets: Record<string, ItemSet> = {
  bfcl: {
    forms: { text: 'tool-n1-eval', chat: 'native' },
    categories: Object.keys(categories),
    async *read(data, category) {
      if (!isCategory(category)) return
      for (const { id, question, functionDocs } of (await readCategory(data, category)).values()) {
        const [turn] = Array.isArray(question) ? question : []
        yield {
          record: { id, category },
          asked: {
            messages: messagesOf(turn ?? null),
            tools: toolsOf(functionDocs, HINTS[categories[category].language]),
          },
        }
      }
    },
  },
  acebench: {
    forms: { text: 'acebench', chat: 'acebench' },
    categories: LANGUAGES.flatMap((language) =>
      Object.keys(aceCategories).map((category) => `${language} ${category}`),
    ),
    async *read(data, name) {
      const [lang = '', category = ''] = name.split(' ')
      for (const { id, question, functionDocs, context } of (
        await readAce(data, category, lang === 'zh' ? 'zh' : 'en')
      ).values()) {
        const system: Message[] =
          typeof context === 'string' && context !== '' ? [{ role: 'system', content: context }] : []
        yield {
          record: { id, category, lang },
          asked: { messages: [...system, { role: 'user', content: question }], tools: toolsOf(functionDocs) },
        }
      }
    },
  },
  apibank: {
    forms: { text: 'native', chat: 'native' },
    categories: [],
    async *read(data) {
      for (const { id, system, user } of (await readApiBank(data)).values()) {
        yield {
          record: { id },
          asked: {
            messages: [
              { role: 'system', content: system },
              { role: 'user', content: user },
            ],
            tools: [],
          },
        }
      }
    },
  },
  rows: {
    forms: { text: 'tool-n1', chat: 'native' },
    categories: [],
    async *read(data) {
      for await (const { id, messages, tools } of readRows(data)) yield { record: { id }, asked: { messages, tools } }
    },
  },
}

/** The rows to ask: of the categories in `only`, at most `limit` of each. @throws HoneError for an unknown category. */
export async function readItems(
  set: ItemSet,
  data: string,
  { only, limit }: { only?: string | undefined; limit?: number | undefined },
): Promise<Item[]> {
  const chosen = only === undefined ? set.categories : only.split(',').map((name) => name.trim())
  const unknown = chosen.find((name) => !set.categories.includes(name))
  if (unknown !== undefined) throw unknownName('category', unknown, set.categories)
  const items: Item[] = []
  for (const category of chosen.length > 0 ? chosen : ['']) {
    let count = 0
    for await (const item of set.read(data, category)) {
      if (limit !== undefined && count++ >= limit) break
      items.push(item)
    }
  }
  return items
}

/** BFCL says in each description which language the function and its values are in. */
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

/** Function descriptions as they are: the types of a benchmark are part of what it asks. */
function toolsOf(docs: Json, hint = ''): Tool[] {
  if (!Array.isArray(docs)) return []
  return docs.filter(isObject).map(({ name, description, parameters, arguments: values }) => ({
    name: String(name ?? ''),
    description: String(description ?? '') + hint,
    parameters: isObject(parameters) ? parameters : isObject(values) ? values : {},
  }))
}
