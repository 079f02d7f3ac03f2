// How a file holds its JSON values, told by its beginning; the readers of lines say so where it holds them otherwise.
import { HoneError } from '../error.ts'
import { isObject, type Json } from './json.ts'

/** A value a line; one list of them; one object around such a list; values over several lines. */
export type Layout = 'lines' | 'list' | 'object' | 'values'

/** What a file of no lines holds, for people, and the filter of jq that makes lines of it. */
export const LAYOUTS: Record<Exclude<Layout, 'lines'>, { holds: string; filter: string }> = {
  list: { holds: 'one JSON array', filter: '.[]' },
  object: { holds: 'one JSON list in an object', filter: '.[][]' },
  values: { holds: 'JSON over several lines', filter: '.' },
}

/** How a file of that format begins. */
const PARQUET = 'PAR1'

/** Keys under which a single object keeps its rows. */
const WRAPPERS = ['data', 'rows', 'train', 'examples']

export function layoutOf(beginning: string): Layout {
  const start = beginning.trimStart()
  if (start.startsWith('[')) return 'list'
  if (WRAPPED.test(start)) return 'object'
  return FIRST_OF_SEVERAL.test(start) ? 'values' : 'lines'
}

const WRAPPED = new RegExp(`^\\{\\s*"(?:${WRAPPERS.join('|')})"\\s*:\\s*\\[`)

/** An opening brace, or the first key and what opens its value, alone on their line. */
const FIRST_OF_SEVERAL = /^\{[ \t\r]*(?:"[^"\n]*"[ \t]*:[ \t]*[[{][ \t\r]*)?\n/

/** The key under which an object around a list keeps its rows; undefined where it is none. */
export function wrapperOf(value: Json): string | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined
  return WRAPPERS.find((key) => Array.isArray(value[key]))
}

/** @throws HoneError where the first line of a file is not a row but how all of them begin. */
export function refuseOtherLayout(text: string, path: string): void {
  if (text.startsWith(PARQUET))
    throw new HoneError('Cannot read rows: the file is parquet, expected a row on each line', {
      at: path,
      hint: `\`hone prep ${path} -o rows.jsonl\` makes lines of it`,
    })
  const layout = layoutOf(`${text}\n`)
  if (layout === 'lines') return
  const { holds, filter } = LAYOUTS[layout]
  throw new HoneError(`Cannot read rows: the file holds ${holds}, expected a row on each line`, {
    at: path,
    hint: `\`hone prep ${path} -o rows.jsonl\` makes lines of data sets, \`jq -c '${filter}' ${path}\` of anything`,
  })
}
