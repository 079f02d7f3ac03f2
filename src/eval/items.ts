// The rows of a benchmark that are to be asked.
import { unknownName } from '../error.ts'
import type { Benchmark, Item } from './benchmark.ts'

/** Rows of the categories in `only`, at most `limit` of each. @throws HoneError for an unknown category. */
export async function readItems(
  { categories, items: read }: Pick<Benchmark, 'categories' | 'items'>,
  data: string,
  { only, limit }: { only?: string | undefined; limit?: number | undefined },
): Promise<Item[]> {
  const chosen = only === undefined ? categories : only.split(',').map((name) => name.trim())
  const unknown = chosen.find((name) => !categories.includes(name))
  if (unknown !== undefined) throw unknownName('category', unknown, categories)
  const items: Item[] = []
  for (const category of chosen.length > 0 ? chosen : ['']) {
    let count = 0
    for await (const item of read(data, category)) {
      if (limit !== undefined && count++ >= limit) break
      items.push(item)
    }
  }
  return items
}
