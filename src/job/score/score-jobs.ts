// Scores a large file on several cores: every part in a process of its own, the output in order.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cutFile, isPlain, readByteBlocks, type Part } from '../../text/byte-lines.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import type { Reward } from '../../reward/reward.ts'
import { selfCommand } from '../../reward/scorer.ts'
import { mergeSummary, readSummary, type Summary } from '../../reward/score/summary.ts'
import { scoreLines } from './score-lines.ts'

/** Bytes that are worth a process. */
const WORTH = 48 * 1024 * 1024

export interface Jobs {
  /** Processes at most; as many as there are cores unless given. */
  count: number | undefined
  /** The words after `score FILE` that choose the reward. */
  words: readonly string[]
}

/** Writes a verdict a row to stdout, in order, and counts them in `summary`. @throws HoneError at `file:line` for a row that is none. */
export async function scoreInJobs(
  path: string,
  reward: Reward,
  summary: Summary,
  { count, words }: Jobs,
): Promise<void> {
  const jobs = isPlain(path) ? Math.min(count ?? availableParallelism(), Math.floor(statSync(path).size / WORTH)) : 1
  if (jobs <= 1) return await scoreLines(path, reward, summary)
  const [first, ...rest] = cutFile(path, jobs)
  const folder = mkdtempSync(join(tmpdir(), 'hone-score-'))
  const children = rest.map((part, i) => start(path, part, words, join(folder, String(i))))
  try {
    await scoreLines(path, reward, summary, { ...first!, before: 0 })
    for (const child of children) {
      const done = await child.done
      if (!done)
        return await scoreLines(path, reward, summary, { ...child.part, before: await linesBefore(path, child.part) })
      for await (const block of readByteBlocks(child.output)) data(block.toString('utf8', 0, block.length - 1))
      mergeSummary(summary, done)
    }
  } finally {
    for (const child of children) child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The part that a process of this program was given, as START-END. @throws HoneError */
export function readPart(text: string): Part {
  const [, start, end] = /^(\d+)-(\d+)$/.exec(text) ?? []
  if (start === undefined || end === undefined) throw new HoneError('--part must be START-END in bytes')
  return { start: Number(start), end: Number(end) }
}

function start(path: string, part: Part, words: readonly string[], output: string) {
  const command = [...selfCommand(), 'score', path, ...words, '--part', `${part.start}-${part.end}`]
  const child = Bun.spawn(command, { stdout: Bun.file(output), stderr: 'pipe' })
  const done = (async (): Promise<Summary | undefined> => {
    const text = await new Response(child.stderr).text()
    // What went wrong is found again, with its line, by scoring the part here.
    return (await child.exited) === 0 ? readSummary(text) : undefined
  })()
  return { part, output, done, kill: () => child.kill() }
}

async function linesBefore(path: string, { start }: Part): Promise<number> {
  let lines = 0
  for await (const block of readByteBlocks(path, { start: 0, end: start })) {
    for (let at = block.indexOf(0x0a); at >= 0; at = block.indexOf(0x0a, at + 1)) lines++
  }
  return lines
}
