// How a file holds its JSON values, told by its beginning; the readers of lines say so where it holds them otherwise.
import { HoneError } from '../error.ts'
import { isObject, type Json } from './json.ts'

/** A value a line; one list of them; values over several lines. */
export type Layout = 'lines' | 'list' | 'values'

/** What a file of no lines holds, for people. */
export const LAYOUTS: Record<Exclude<Layout, 'lines'>, string> = {
  list: 'one JSON array',
  values: 'JSON over several lines',
}

export function layoutOf(beginning: string): Layout {
  const start = beginning.trimStart()
  if (start.startsWith('[')) return 'list'
  return FIRST_OF_SEVERAL.test(start) ? 'values' : 'lines'
}

/** An opening brace, or the first key and what opens its value, alone on their line. */
const FIRST_OF_SEVERAL = /^\{[ \t\r]*(?:"[^"\n]*"[ \t]*:[ \t]*[[{][ \t\r]*)?\n/

/** Keys under which a single object keeps its rows. */
export const WRAPPERS = ['data', 'rows', 'train', 'examples']

/** The key under which an object around a list keeps its rows; undefined where it is none. */
export function wrapperOf(value: Json): string | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined
  return WRAPPERS.find((key) => Array.isArray(value[key]))
}

/** @throws HoneError where the first line of a file, or the value on it, is not a row but how all of them begin. */
export function refuseOtherLayout(text: string, value: Json | undefined, path: string): void {
  const layout = layoutOf(`${text}\n`)
  const holds =
    layout !== 'lines'
      ? LAYOUTS[layout]
      : value !== undefined && wrapperOf(value) !== undefined
        ? 'one JSON list in an object'
        : undefined
  if (holds === undefined) return
  throw new HoneError(`Cannot read rows: the file holds ${holds}, expected a row on each line`, {
    at: path,
    hint: `\`hone prep ${path} -o rows.jsonl\` makes lines of data in any layout, \`jq -c '.[]' ${path}\` of any list`,
  })
}
