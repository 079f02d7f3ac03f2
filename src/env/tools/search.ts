// Search over documents of a row by BM25 (Robertson and Zaragoza 2009, eq. 3.15, with Lucene's idf, which is never negative).
import { HoneError } from '../../error.ts'
import { SEARCH_RESULTS } from '../../rl/environment-settings.ts'
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import type { Runner } from '../runner.ts'

const [K1, B] = [1.2, 0.75]

interface Document {
  title: string
  text: string
}

/** A tool that finds the `results` best of the documents. */
export function search(documents: Json, results = SEARCH_RESULTS): Runner {
  const rank = indexOf(documentsIn(documents))
  return {
    tool: searchTool,
    pure: true,
    run: ({ query }) => {
      const found = rank(String(query)).slice(0, results)
      const lines = found.map(({ title, text }, i) => `[${i + 1}] ${title === '' ? '' : `${title}: `}${text}`)
      return Promise.resolve(lines.length > 0 ? lines.join('\n') : 'Nothing was found.')
    },
  }
}

export const searchTool: Runner['tool'] = {
  name: 'search',
  description: 'Finds the documents that match the words of a query best.',
  parameters: {
    type: 'object',
    properties: { query: { type: 'string', description: 'Words to look for' } },
    required: ['query'],
  },
}

/** @throws HoneError for a row without documents */
export function requireDocuments(row: JsonObject): void {
  if (documentsIn(row['documents'] ?? null).length === 0)
    throw new HoneError('Cannot search: the row has no column "documents"', {
      hint: 'the column is a list of texts, or of {"title", "text"}',
    })
}

/** Texts, or objects with a text and perhaps a title. */
function documentsIn(documents: Json): Document[] {
  return (Array.isArray(documents) ? documents : []).flatMap((each) => {
    if (typeof each === 'string') return [{ title: '', text: each }]
    if (!isObject(each)) return []
    const text = each['text'] ?? each['content'] ?? each['contents']
    return typeof text === 'string' ? [{ title: typeof each['title'] === 'string' ? each['title'] : '', text }] : []
  })
}

/** Documents with a word of the query, the best ones first; of equals the earlier one. */
function indexOf(documents: readonly Document[]): (query: string) => Document[] {
  const bags = documents.map(({ title, text }) => bagOf(`${title} ${text}`))
  const lengths = bags.map((bag) => [...bag.values()].reduce((sum, times) => sum + times, 0))
  const usual = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length)
  const holding = new Map<string, number>()
  for (const bag of bags) for (const word of bag.keys()) holding.set(word, (holding.get(word) ?? 0) + 1)
  return (query) => {
    const scores = bags.map((bag, i) => {
      let score = 0
      for (const word of bagOf(query).keys()) {
        const times = bag.get(word) ?? 0
        const n = holding.get(word) ?? 0
        const idf = Math.log(1 + (documents.length - n + 0.5) / (n + 0.5))
        score += (idf * times * (K1 + 1)) / (times + K1 * (1 - B + (B * lengths[i]!) / usual))
      }
      return { score, i }
    })
    return scores
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score || a.i - b.i)
      .map(({ i }) => documents[i]!)
  }
}

function bagOf(text: string): Map<string, number> {
  const bag = new Map<string, number>()
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) bag.set(word, (bag.get(word) ?? 0) + 1)
  return bag
}
