// Lints one file: pieces in, findings out in the order of the file.
import type { HoneRow } from '../dialogue/row.ts'
import type { Part } from '../text/chunks.ts'
import { LAYOUTS } from '../text/layout.ts'
import { readLineBlocks } from '../text/lines.ts'
import type { acrossOf } from './across.ts'
import type { Checked, Checker, Found } from './check.ts'
import { canMend } from './fix.ts'
import { readPieces, type LintPiece, type Recognised } from './pieces.ts'
import { placed, type Placed } from './place.ts'
import type { LintContext, Rule } from './rule.ts'
import { ruleOf } from './rules.ts'

export interface FileRun extends Recognised {
  path: string
  /** --fix writes such a file. */
  mends?: boolean
  /** Of a file of lines, this part alone, and how many lines stand before it. */
  part?: Part | undefined
  before?: number
  checker: Checker
  across: ReturnType<typeof acrossOf>
  rules: readonly Rule[]
  context: LintContext
  emit(found: Placed): void
}

/** Returns the number of pieces. @throws HoneError where the file cannot be read. */
export async function lintFile(run: FileRun): Promise<number> {
  const { path, part, before = 0 } = run
  let count = 0
  if (holdsRows(run)) {
    for await (const { first, texts } of readLineBlocks(path, { part, keepMark: true })) {
      await lintPieces(run, texts.length, (i) => ({ line: before + first + i, column: 1, text: texts[i]! }))
      count += texts.length
    }
    return count
  }
  if (run.from === undefined) lintLayout(run)
  let block: LintPiece[] = []
  for await (const piece of readPieces(run.path, run)) {
    block.push(piece)
    count++
    if (block.length < BLOCK) continue
    await lintPieces(run, block.length, (i) => block[i]!)
    block = []
  }
  await lintPieces(run, block.length, (i) => block[i]!)
  return count
}

const BLOCK = 256

/** Whether a file holds hone rows a line, which are looked at as they stand. */
export const holdsRows = ({ container, from }: Recognised): boolean => container === 'lines' && from === undefined

/** Rows that stand in a list are looked at all the same; that no other command reads them so is said once. */
function lintLayout({ path, container, rules, emit }: FileRun): void {
  const rule = ruleOf('HN012')
  if (container === 'lines' || container === 'parquet' || !rules.includes(rule)) return
  const { code, severity, hint } = rule
  const message = `the file holds ${LAYOUTS[container].holds}, not a row on each line`
  emit({
    diagnostic: { code, severity, file: path, line: 1, column: 1, message, hint },
    text: container === 'list' ? '[' : '{',
    at: 0,
  })
}

/** Pieces are made one by one: most have no findings and leave nothing behind. */
async function lintPieces(run: FileRun, count: number, pieceAt: (index: number) => LintPiece): Promise<void> {
  const judge = run.context.reward
  const judgedRule = judge ? run.rules.find((rule) => rule.on === 'judged') : undefined
  if (!judge || judgedRule?.on !== 'judged') {
    for (let i = 0; i < count; i++) lintPiece(run, pieceAt(i), undefined, [])
    return
  }
  const checked = Array.from({ length: count }, (_, i) => checkPiece(run, pieceAt(i)))
  const rows = checked.flatMap(({ row }) => (row ? [row] : []))
  const verdicts = new Map<HoneRow, Awaited<ReturnType<typeof judge.judge>>[number]>()
  for (const [i, judged] of (await judge.judge(rows)).entries()) verdicts.set(rows[i]!, judged)
  for (let i = 0; i < count; i++) {
    const judged = checked[i]!.row && verdicts.get(checked[i]!.row!)
    const fault = judged && judgedRule.check(judged, judge.name)
    const extra =
      fault && !('length' in fault)
        ? [{ rule: judgedRule, message: fault.message, hint: judgedRule.hint, path: fault.at ?? [], offset: undefined }]
        : []
    lintPiece(run, pieceAt(i), checked[i]!, extra)
  }
}

function checkPiece({ checker }: FileRun, piece: LintPiece): Checked {
  return piece.rejected === undefined
    ? checker.check(piece.text)
    : { found: [], value: undefined, row: undefined, keys: undefined }
}

function lintPiece(run: FileRun, piece: LintPiece, known: Checked | undefined, extra: Found[]): void {
  const { found, keys, value } = known ?? checkPiece(run, piece)
  const all = extra.length === 0 ? found : [...found, ...extra]
  if (piece.rejected !== undefined) {
    const rule = ruleOf('HN110')
    if (run.rules.includes(rule))
      all.push({
        rule,
        message: `not readable as ${run.from}: ${piece.rejected.why}`,
        hint: rule.hint,
        path: piece.rejected.path,
        offset: undefined,
      })
  }
  if (keys)
    for (const { rule, message } of run.across.check(keys, piece.line))
      all.push({ rule, message, hint: rule.hint, path: [], offset: undefined })
  const mends = ({ rule }: Found) => run.mends === true && canMend(rule, piece.text, value)
  for (const each of placed(run.path, piece, all, mends)) run.emit(each)
}
