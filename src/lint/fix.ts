// Mends what can be mended without a choice: fixes of a row are applied until nothing changes, repeated rows left out.
import { dumpJson, isObject, parseJson, type Json } from '../text/json.ts'
import { openWriter, type LineWriter } from '../text/jsonl.ts'
import { readLineBlocks } from '../text/lines.ts'
import { data } from '../out.ts'
import type { acrossOf } from './across.ts'
import { withoutEdges, type Checker } from './check.ts'
import { outlineOf } from './outline.ts'
import type { Rule } from './rule.ts'
import { ruleOf } from './rules.ts'

/** The mended text of a line, undefined for a line to be left out, and how many fixes it took. A line without fixes stays as it is, byte for byte. */
export function fixLine(text: string, checker: Checker): { text: string | undefined; fixes: number } {
  let current = text
  for (let fixes = 0; fixes < MOST; fixes++) {
    const mended = fixOnce(current, checker)
    if (mended === current) return { text: current, fixes }
    if (mended === undefined) return { text: undefined, fixes: fixes + 1 }
    current = mended
  }
  return { text: current, fixes: MOST }
}

/** Whether the fix of a rule mends what it finds in a line. */
export function canMend(rule: Rule, text: string, value: Json | undefined): boolean {
  if (!rule.fix) return false
  if (rule.on === 'across') return true
  const row = rule.fix(isObject(value) ? value : {})
  if (!isObject(value)) return row === null || withoutEdges(text) !== text
  return row === null || row === value || (row !== undefined && !losesKeys(text))
}

/** More fixes than rules exist: a line that needs them goes in circles. */
const MOST = 100

function fixOnce(text: string, checker: Checker): string | undefined {
  const { found, value } = checker.check(text)
  for (const { rule } of found) {
    if (!rule.fix || rule.on === 'across') continue
    if (!isObject(value)) {
      if (rule.fix({}) === null) return undefined
      if (withoutEdges(text) !== text) return withoutEdges(text)
      continue
    }
    const row = rule.fix(value)
    if (row === null) return undefined
    if (row === value) return withoutEdges(text)
    if (row === undefined || losesKeys(text)) continue
    const mended = dumpJson(row, {
      ensureAscii: HALF_PAIR.test(text),
      separators: COMPACT.test(text) ? [',', ':'] : [', ', ': '],
    })
    if (mended !== text) return mended
  }
  return text
}

/** Writing a row anew would lose the first of two equal keys, and half a surrogate pair can only be written as an escape. */
function losesKeys(text: string): boolean {
  const rule = ruleOf('HN005')
  const plain = withoutEdges(text)
  const faults = rule.on === 'line' ? rule.check(plain, parseJson(plain), outlineOf(plain)) : undefined
  return faults !== undefined && (!('length' in faults) || faults.length > 0)
}

/** Mended rows keep the spacing of their line, so that they are compared with others as they are written. */
const COMPACT = /^\{"[^"]*":\S/

const HALF_PAIR = /\\u[dD][89a-fA-F]/

export interface FixRun {
  checker: Checker
  across: ReturnType<typeof acrossOf>
  rules: readonly Rule[]
}

/** Mends `path` in place (`-`: to stdout), or with `diff` shows on stdout what would change. Returns how many lines change. */
export async function fixFile(path: string, { checker, across, rules }: FixRun, diff: boolean): Promise<number> {
  const writer: LineWriter = diff ? { write() {}, commit() {}, discard() {} } : openWriter(path)
  let changed = 0
  const change = (line: number, before: string, after: string | undefined) => {
    changed++
    if (!diff) return
    if (changed === 1) for (const each of [`--- ${path}`, `+++ ${path}`]) data(each)
    data(`@@ -${line} +${line} @@`)
    data(`-${before}`)
    if (after !== undefined) data(`+${after}`)
  }
  try {
    for await (const { first, texts } of readLineBlocks(path, { keepMark: true })) {
      for (const [i, text] of texts.entries()) {
        const { text: mended, fixes } = fixLine(text, checker)
        const kept = mended === undefined || isRepeated(mended, first + i) ? undefined : mended
        if (kept !== undefined) writer.write(kept)
        if (kept === undefined || fixes > 0) change(first + i, text, kept)
      }
    }
    if (changed > 0 || path === '-') writer.commit()
  } finally {
    writer.discard()
  }
  return changed

  function isRepeated(text: string, line: number): boolean {
    const { keys } = checker.check(text)
    if (!keys) return false
    return across.check(keys, line).some(({ rule }) => rules.includes(rule) && rule.fix !== undefined)
  }
}
