// Finds the JSON values that stand among other text, in linear time.
import { endOfString } from './scan.ts'

export interface Found {
  start: number
  /** Index past the value; where it is none, the place at which the text stops being the beginning of one. */
  end: number
  /** A whole value; one that the text's end cuts short; a bracket that begins none. */
  state: 'whole' | 'cut' | 'broken'
}

/**
 * A function that finds the first list or object at or after a place (or what else `starts` lets begin one). Of a bracket that
 * begins no value it tells once; values inside it are found from the place after it.
 */
export function valueFinder(text: string, starts = /[[{]/g): (from: number) => Found | undefined {
  // A bracket that a failed scan left open fails at the same place in a scan of its own.
  let failed: Uint8Array | undefined
  return (from) => {
    starts.lastIndex = from
    for (let hit = starts.exec(text); hit; hit = starts.exec(text)) {
      if (failed?.[hit.index]) continue
      const { end, state, open } = scanValue(text, hit.index)
      if (state !== 'whole') for (const at of open) (failed ??= new Uint8Array(text.length))[at] = 1
      return { start: hit.index, end, state }
    }
    return undefined
  }
}

const SPACE = /[ \t\r\n]+/y
const WORD = /[-+.\w]+/y
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|NaN|-?Infinity)$/

type Wanted = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end'

/** Follows JSON's grammar from `start`; escapes in strings are left to a reader. `open` are the brackets not closed. */
function scanValue(text: string, start: number): { end: number; state: Found['state']; open: number[] } {
  const open: number[] = []
  let wanted: Wanted = 'value'
  for (let at = start; at < text.length;) {
    SPACE.lastIndex = at
    if (SPACE.test(text)) {
      at = SPACE.lastIndex
      continue
    }
    const sign = text[at]!
    const container: string | undefined = text[open.at(-1) ?? -1]
    const broken = { end: at, state: 'broken' as const, open }
    if (sign === '}' || sign === ']') {
      const empty = sign === '}' ? 'key or }' : 'value or ]'
      if (container !== (sign === '}' ? '{' : '[') || (wanted !== ', or end' && wanted !== empty)) return broken
      open.pop()
      at++
    } else if (wanted === ':' || wanted === ', or end') {
      if (sign !== wanted[0]) return broken
      wanted = wanted === ':' || container === '[' ? 'value' : 'key'
      at++
      continue
    } else if (sign === '"') {
      at = endOfString(text, at) + 1
      if (at > text.length) break
      if (wanted === 'key' || wanted === 'key or }') {
        wanted = ':'
        continue
      }
    } else if (wanted === 'key' || wanted === 'key or }') return broken
    else if (sign === '{' || sign === '[') {
      open.push(at++)
      wanted = sign === '{' ? 'key or }' : 'value or ]'
      continue
    } else {
      WORD.lastIndex = at
      const word = WORD.exec(text)?.[0] ?? ''
      if (at + word.length < text.length && !SCALAR.test(word)) return broken
      at += word.length
    }
    if (open.length === 0) return { end: at, state: 'whole', open }
    wanted = ', or end'
  }
  return { end: text.length, state: 'cut', open }
}
