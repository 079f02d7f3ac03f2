// Scores the rows of a JSONL file at speed: from their bytes where they are usual, and a line that repeats only once.
import { readByteBlocks, type Part } from '../../text/byte-lines.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import type { Reward, Verdict } from '../../reward/reward.ts'
import { readSample, verdictLine } from '../../reward/rows.ts'
import { countVerdict, type Summary } from '../../reward/score/summary.ts'

/** A verdict as it is written, and how often it came. */
interface Entry {
  text: string
  rows: number
}

/** Lines that are remembered, and the longest of them. */
const REMEMBERED = 32_768
const LONGEST = 4096
/** After so many lines a memory that met fewer than one in twenty is given up. */
const TRIAL = 8192

/** A part of a file, and the number of lines before it. */
export interface LinePart extends Part {
  before: number
}

/** Writes a verdict a row to stdout and counts them in `summary`. @throws HoneError at `file:line` for a row that is none. */
export async function scoreLines(path: string, reward: Reward, summary: Summary, part?: LinePart): Promise<void> {
  const entries = new Map<Verdict, Entry>()
  const memory = lineMemory()
  let line = part?.before ?? 0
  let empty = true
  for await (const bytes of readByteBlocks(path, part)) {
    // A character a byte: places in the text are places in the bytes.
    const text = memory.isOpen() ? bytes.toString('latin1') : ''
    const lines: string[] = []
    try {
      for (let start = 0; start < bytes.length;) {
        const end = bytes.indexOf(0x0a, start)
        line++
        const verdict = memory.recall(text, start, end) ?? memory.keep(judge(bytes, start, end), bytes, start, end)
        start = end + 1
        if (!verdict) continue
        const entry = entries.get(verdict) ?? newEntry(verdict)
        entry.rows++
        lines.push(entry.text)
      }
    } finally {
      // The rows before a bad one are written too.
      if (lines.length > 0) data(lines.join('\n'))
    }
    if (lines.length === 0) continue
    empty = false
    if (entries.size > REMEMBERED) settle()
  }
  settle()
  if (empty && !part)
    throw new HoneError('Cannot score rows: the file is empty', {
      at: path,
      hint: 'Expected one JSON object per line.',
    })

  function judge(bytes: Buffer, start: number, end: number): Verdict | undefined {
    const quick = reward.line?.(bytes, start, end)
    if (quick) return quick
    const row = bytes.toString('utf8', start, end).replace(/^\uFEFF/, '')
    return row.trim() === '' ? undefined : reward.score(readSample(row, path, line))
  }

  function newEntry(verdict: Verdict): Entry {
    const entry = { text: verdictLine(verdict), rows: 0 }
    entries.set(verdict, entry)
    return entry
  }

  function settle(): void {
    for (const [verdict, { rows }] of entries) countVerdict(summary, verdict, rows)
    entries.clear()
  }
}

/** Verdicts by line. Completions of a group repeat, and so do whole evaluations; where they do not, the memory is given up. */
function lineMemory() {
  let verdicts: Map<string, Verdict> | undefined = new Map()
  let asked = 0
  let met = 0
  return {
    isOpen: () => verdicts !== undefined,
    recall(text: string, start: number, end: number): Verdict | undefined {
      if (!verdicts || end - start > LONGEST) return undefined
      const verdict = verdicts.get(text.slice(start, end))
      if (verdict) met++
      if (++asked === TRIAL && met < TRIAL / 20) verdicts = undefined
      return verdict
    },
    /** Stores a copy of the line: a slice would hold the whole block. */
    keep(verdict: Verdict | undefined, bytes: Buffer, start: number, end: number): Verdict | undefined {
      if (!verdicts || !verdict || end - start > LONGEST) return verdict
      if (verdicts.size >= REMEMBERED) verdicts.clear()
      verdicts.set(bytes.toString('latin1', start, end), verdict)
      return verdict
    },
  }
}
