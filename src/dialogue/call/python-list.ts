// Finds lists of calls written as Python among other text, and cuts them into names and arguments without reading values.
import { DEPTH_LIMIT } from './read.ts'

/** A call whose name is a Python one, or any other name before arguments that are named, or none. */
const START =
  /\[\s*(?:[\p{L}_][\p{L}\p{N}_.]*\s*\(|[^\s()[\]{}'"=,][^()[\]{}'"=,\n]*\(\s*(?:\)|[\p{L}_][\p{L}\p{N}_-]*\s*=(?!=)))/gu

export interface CallList {
  start: number
  /** Index past the list, or where the text stops being one. */
  end: number
  state: 'whole' | 'cut' | 'broken'
  /** Of a whole list. */
  calls: CutCall[]
}

/** The name of a call, empty where the text is none, and the texts of its arguments. */
export interface CutCall {
  name: string
  args: string[]
}

/** The lists of calls in order. Time is linear in the text. */
export function* callLists(text: string): Generator<CallList> {
  for (let from = 0; ;) {
    START.lastIndex = from
    const start = START.exec(text)?.index
    if (start === undefined) return
    const list = scanItems(text, start)
    const calls = list.state === 'whole' ? list.items.map(cutCall) : []
    yield { start, end: list.end, state: list.state, calls }
    from = Math.max(list.end, start + 1)
  }
}

/** One call from end to end of the text. */
export function cutCall(text: string): CutCall {
  const at = text.indexOf('(')
  const name = text.slice(0, Math.max(at, 0)).trim()
  const { end, items, state } = scanItems(text, Math.max(at, 0))
  return state === 'whole' && end === text.length && NAME.test(name) ? { name, args: items } : { name: '', args: [] }
}

const NAME = /^[^()[\]{}'"=,\n]+$/

interface Items {
  end: number
  state: CallList['state']
  /** What stands between the commas, stripped, with the line breaks of short strings escaped. */
  items: string[]
}

/** The items of the bracket at `start`, strings respected. What no literal holds ends it: a tag, a wrong bracket, a quote within a word. */
function scanItems(text: string, start: number): Items {
  const open: string[] = []
  const items: string[] = []
  let item = ''
  let from = start + 1
  const broken = (end: number): Items => ({ end, state: 'broken', items })
  for (let at = start; at < text.length; at++) {
    const sign = text[at]!
    if (sign === "'" || sign === '"') {
      if (!STRING_BEFORE.test(text.slice(Math.max(0, at - 3), at))) return broken(at)
      const quote = text.startsWith(sign.repeat(3), at) ? sign.repeat(3) : sign
      const end = quoteEnd(text, at, quote)
      if (end === undefined) return { end: text.length, state: 'cut', items }
      item += text.slice(from, at) + escaped(text.slice(at, end), quote)
      from = end
      at = end - 1
    } else if ('([{'.includes(sign)) {
      if (open.push(CLOSER[sign]!) > DEPTH_LIMIT) return broken(at)
    } else if (')]}'.includes(sign)) {
      if (open.pop() !== sign) return broken(at)
      if (open.length > 0) continue
      const last = (item + text.slice(from, at)).trim()
      // A comma may stand before the end.
      if (last !== '') items.push(last)
      return { end: at + 1, state: 'whole', items }
    } else if (sign === '<') return broken(at)
    else if (sign === ',' && open.length === 1) {
      items.push((item + text.slice(from, at)).trim())
      item = ''
      from = at + 1
    }
  }
  return { end: text.length, state: 'cut', items }
}

const CLOSER: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/** No letter but a prefix stands right before a string. */
const STRING_BEFORE = /(?:^|[^\p{L}\p{N}_])(?:[bru]|f|br|rb|fr|rf)?$/iu

/** Models break lines within short strings, which Python does not allow. */
function escaped(string: string, quote: string): string {
  if (quote.length === 3 || !/[\r\n]/.test(string)) return string
  return string.replace(/\\[^]|[\r\n]/g, (part) => (part === '\n' ? '\\n' : part === '\r' ? '\\r' : part))
}

function quoteEnd(text: string, start: number, quote: string): number | undefined {
  for (let at = start + quote.length; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text.startsWith(quote, at)) return at + quote.length
  }
  return undefined
}
