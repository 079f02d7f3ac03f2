// Scores the rows of a JSONL file at speed: a line that repeats only once, a verdict that repeats written out once.
import type { Part } from '../../text/chunks.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import type { Reward, Verdict } from '../../reward/reward.ts'
import { idHead, readSample, verdictLine } from '../../reward/rows.ts'
import { countVerdict, type Summary } from '../../reward/score/summary.ts'
import { readLineBlocks } from '../../text/lines.ts'

/** A verdict, and the beginning of the row's line: its id. */
interface Judged {
  verdict: Verdict
  head: string
}

/** The rest of a verdict's line, and how often it came. */
interface Entry {
  text: string
  rows: number
}

/** Lines and verdicts that are remembered, and the longest of the lines. */
const REMEMBERED = 32_768
const LONGEST = 4096
/** After so many lines a memory that met fewer than one in twenty is given up. */
const TRIAL = 8192

/**
 * Writes a verdict a row to stdout, in order, and counts them in `summary`; of a part of a file, `before` which as many lines
 * stand. Returns the number of lines. @throws HoneError at `file:line` for a row that is none.
 */
export async function scoreLines(
  path: string,
  reward: Reward,
  summary: Summary,
  part?: Part,
  before = 0,
): Promise<number> {
  const entries = new Map<Verdict, Entry>()
  const memory = lineMemory()
  const { rows } = summary
  let count = 0
  for await (const { first, texts } of readLineBlocks(path, { part })) {
    count += texts.length
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i]!
      const judged = memory.recall(text) ?? memory.keep(text, judge(text, before + first + i))
      if (!judged) continue
      const entry = entries.get(judged.verdict) ?? newEntry(judged.verdict)
      entry.rows++
      data(judged.head + entry.text)
    }
    if (entries.size > REMEMBERED) settle()
  }
  settle()
  if (summary.rows === rows && !part)
    throw new HoneError('Cannot score rows: the file is empty', { at: path, hint: 'expected one JSON object per line' })
  return count

  function judge(text: string, line: number): Judged | undefined {
    if (text.trim() === '') return undefined
    const sample = readSample(text, path, line)
    return { verdict: reward.score(sample), head: idHead(sample.row) }
  }

  function newEntry(verdict: Verdict): Entry {
    const entry = { text: verdictLine(verdict).slice(1), rows: 0 }
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
  let verdicts: Map<string, Judged> | undefined = new Map()
  let asked = 0
  let met = 0
  return {
    recall(text: string): Judged | undefined {
      const verdict = verdicts?.get(text)
      if (verdict) met++
      if (++asked === TRIAL && met < TRIAL / 20) verdicts = undefined
      return verdict
    },
    keep(text: string, verdict: Judged | undefined): Judged | undefined {
      if (!verdicts || !verdict || text.length > LONGEST) return verdict
      if (verdicts.size >= REMEMBERED) verdicts.clear()
      // A copy: the line is a slice that would hold its whole block.
      verdicts.set(Buffer.from(text).toString(), verdict)
      return verdict
    },
  }
}
