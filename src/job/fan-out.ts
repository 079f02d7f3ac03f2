// A large file on all cores: its first part in this process, the others in processes of their own, the results in order.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { complain } from '../out.ts'
import { selfCommand } from '../reward/scorer.ts'
import { cutFile, type Part } from '../text/chunks.ts'
import { readLineBlocks, type LineBlock } from '../text/lines.ts'

/** Bytes that are worth a process. */
const WORTH = 12 * 2 ** 20

/** The variable by which a process is told its part. */
const VARIABLE = 'HONE_PART'

export interface Work {
  /** Does a part of the file (all of it where undefined), before which `before` lines stand. Returns the number of its lines. */
  here(part: Part | undefined, before: number): Promise<number>
  /** Takes over what another process gave for a part. Returns the number of the part's lines. */
  take(done: Done, before: number): Promise<number>
}

/** What the process of a part gave. */
export interface Done {
  part: Part
  /** Its lines on stdout. */
  output: AsyncIterable<LineBlock>
  /** What it handed to `reportPart`. */
  report: string
}

/**
 * Does the work on a file, a large plain one with `count` processes. A part whose process fails is done here, so that what
 * went wrong is the error that it always is.
 */
export async function fanOut(path: string, { here, take }: Work, count = availableParallelism()): Promise<void> {
  const jobs = Math.min(count, Math.floor(Bun.file(path).size / WORTH))
  const [first, ...rest] = jobs < 2 ? [] : cutFile(path, jobs)
  if (rest.length === 0) return void (await here(undefined, 0))
  const folder = mkdtempSync(join(tmpdir(), 'hone-parts-'))
  const children = rest.map((part, i) => start(path, part, join(folder, String(i))))
  const end = () => {
    for (const { child } of children) child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', end)
  try {
    let lines = await here(first, 0)
    for (const { part, output, report, child } of children) {
      const done = { part, output: readLineBlocks(output), report: await report }
      lines += (await child.exited) === 0 ? await take(done, lines) : await here(part, lines)
    }
  } finally {
    process.off('exit', end)
    end()
  }
}

function start(path: string, part: Part, output: string) {
  const child = Bun.spawn([...selfCommand(), ...process.argv.slice(2)], {
    stdin: 'ignore',
    stdout: Bun.file(output),
    stderr: 'pipe',
    env: { ...process.env, [VARIABLE]: JSON.stringify({ path, ...part }) },
  })
  const report = new Response(child.stderr).text().then((text) => text.trimEnd().split('\n').at(-1) ?? '')
  return { part, output, report, child }
}

/** The part for which this process was started. */
export function ownPart(environment: Record<string, string | undefined>): (Part & { path: string }) | undefined {
  const text = environment[VARIABLE]
  return text === undefined ? undefined : JSON.parse(text)
}

/** Says, as the last line on stderr, what the part of this process came to. */
export function reportPart(report: string): void {
  complain(report)
}
