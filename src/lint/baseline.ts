// Known findings: an old data set can be linted for what is new alone.
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import type { Diagnostic } from '../shell/diag.ts'

const File = v.object({ version: v.literal(1), findings: v.record(v.string(), v.number()) })

/** Findings by fingerprint: the rule, what it says and the text of the row, but not where the row stands. */
export class Baseline {
  private readonly counts = new Map<string, number>()

  add(diagnostic: Diagnostic, text: string): void {
    const key = fingerprint(diagnostic, text)
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  /** Whether the finding is a known one; each known one is taken once. */
  take(diagnostic: Diagnostic, text: string): boolean {
    const key = fingerprint(diagnostic, text)
    const left = this.counts.get(key) ?? 0
    if (left > 0) this.counts.set(key, left - 1)
    return left > 0
  }

  write(path: string): void {
    const findings = Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    writeFileAtomic(path, JSON.stringify({ version: 1, findings }, null, 1) + '\n')
  }

  /** @throws HoneError where the file is absent or no baseline. */
  static async read(path: string): Promise<Baseline> {
    const file = Bun.file(path)
    if (!(await file.exists()))
      throw new HoneError('Cannot read the baseline: no such file', {
        at: path,
        hint: 'make it with --write-baseline FILE',
      })
    const result = v.safeParse(File, await file.json().catch(() => undefined))
    if (!result.success)
      throw new HoneError('Cannot read the baseline: it is none of hone', {
        at: path,
        hint: 'make it with --write-baseline FILE',
      })
    const baseline = new Baseline()
    for (const [key, count] of Object.entries(result.output.findings)) baseline.counts.set(key, count)
    return baseline
  }
}

function fingerprint({ code, message }: Diagnostic, text: string): string {
  // Messages about two rows name a line, which moves when rows are added.
  return `${code} ${Bun.hash(text.trim()).toString(16)} ${message.replace(/line \d+/, 'line')}`
}
