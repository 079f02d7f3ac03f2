// Tool-N1's verdict straight from the bytes of a JSONL row: what scoring a large file spends its time on.
import type { LineScore } from '../reward.ts'
import { verdictsOf, type Reading, type Variant } from '../tool-n1/tool-n1-variants.ts'
import { callReader, MALFORMED, MISSHAPEN, UNUSUAL } from './calls.ts'
import { compare, sameName } from './compare.ts'
import { rowReader, UNREAD, type Row } from './row.ts'

/** Calls of a reply or an answer; rows with more are unusual. */
const CALLS = 32

/** For a variant with Qwen's markers. Agrees with `toolN1` wherever it gives a verdict. */
export function toolN1Line(variant: Variant): LineScore {
  const verdicts = verdictsOf(variant)
  const reader = callReader()
  const given = new Int32Array(4 * CALLS)
  const wanted = new Int32Array(4 * CALLS)
  const readRow = rowReader(reader, given, wanted)
  const used = new Uint8Array(CALLS)

  return (bytes, start, end) => {
    const row = readRow(bytes, start, end)
    if (!row || row.expected < 0) return undefined
    // Names that are no text compare in ways of their own.
    for (let i = 0; i < row.expected; i++) if (bytes[wanted[4 * i]!] !== 0x5c) return undefined
    const reading = read(bytes, row)
    return reading && verdicts[reading][row.think ? 1 : 0]
  }

  function read(bytes: Uint8Array, { think, bodyStart, bodyEnd, made: found, expected }: Row): Reading | undefined {
    if (bodyStart < 0) return 'absent'
    const made = found === UNREAD ? reader.find(bytes, bodyStart, bodyEnd, given) : found
    if (made === UNUSUAL) return undefined
    if (made === MALFORMED) return 'unreadable'
    if (variant.thinkFirst && !think) return 'unjudged'
    if (made === MISSHAPEN) return 'misshapen'
    if (made !== expected) return 'other'
    const whole = pairUp(bytes, made, sameCall)
    if (whole !== false) return whole && 'calls'
    const names = pairUp(bytes, made, sameCallName)
    return names === undefined ? undefined : names ? 'names' : 'other'
  }

  /** Whether the calls pair up under `same`, in any order; undefined where a comparison cannot tell. */
  function pairUp(bytes: Uint8Array, count: number, same: typeof sameCall): boolean | undefined {
    used.fill(0, 0, count)
    for (let i = 0; i < count; i++) {
      let partner = -1
      for (let k = 0; k < count && partner < 0; k++) {
        const j = (i + k) % count
        if (used[j]) continue
        const is = same(bytes, 4 * i, 4 * j)
        if (is === undefined) return undefined
        if (is) partner = j
      }
      if (partner < 0) return false
      used[partner] = 1
    }
    return true
  }

  function sameCallName(bytes: Uint8Array, i: number, j: number): boolean | undefined {
    return sameName(bytes, given[i]!, given[i + 1]!, wanted[j]!, wanted[j + 1]!)
  }

  function sameCall(bytes: Uint8Array, i: number, j: number): boolean | undefined {
    const name = sameCallName(bytes, i, j)
    if (!name) return name
    const values = compare(bytes, given[i + 2]!, given[i + 3]!, wanted[j + 2]!, wanted[j + 3]!)
    return values < 0 ? undefined : values === 1
  }
}
