// Part of a file linted in a process of its own: findings and the hashes of its rows out, and taken over in the order of lines.
import { data } from '../../out.ts'
import { checkerOf } from '../../lint/check.ts'
import { lintFile, type FileRun } from '../../lint/file.ts'
import type { Placed } from '../../lint/place.ts'
import type { LintContext, Rule, RowKeys } from '../../lint/rule.ts'
import type { Part } from '../../text/chunks.ts'
import { readLineBlocks } from '../../text/lines.ts'
import { reportPart, type Done } from '../fan-out.ts'

/** Findings on stdout, lines counted from the part's start; reported are the hashes of its rows, which rules between rows compare. */
export async function lintPart(
  { path, ...part }: Part & { path: string },
  rules: readonly Rule[],
  context: LintContext,
): Promise<void> {
  const keys: number[] = []
  const across: FileRun['across'] = {
    check({ id, prompt, answer }, line) {
      keys.push(line, id, prompt, answer)
      return []
    },
  }
  const emit = (found: Placed) => data(JSON.stringify(found))
  const checker = checkerOf(rules, context)
  const lines = await lintFile({
    path,
    part,
    from: undefined,
    container: 'lines',
    mends: true,
    checker,
    across,
    rules,
    context,
    emit,
  })
  reportPart(JSON.stringify({ lines, keys: Buffer.from(Float64Array.from(keys).buffer).toString('base64') }))
}

/** Hands on what `lintPart` found, and what rules between rows find, by line and column. Returns the number of the part's lines. */
export async function takePart(run: FileRun, { part, output, report }: Done, before: number): Promise<number> {
  const found: Placed[] = []
  for await (const { texts } of output) for (const text of texts) found.push(JSON.parse(text))
  const { lines, keys } = JSON.parse(report)
  found.push(...(await betweenRows(run, part, keys, before)))
  found.sort(({ diagnostic: a }, { diagnostic: b }) => a.line - b.line || a.column - b.column)
  for (const each of found)
    run.emit({ ...each, diagnostic: { ...each.diagnostic, line: each.diagnostic.line + before } })
  return lines
}

/** Findings between rows; the text that they stand in is read again. */
async function betweenRows({ path, across }: FileRun, part: Part, keys: string, before: number): Promise<Placed[]> {
  const found = [...rowsOf(keys)].flatMap(([line, row]) =>
    across.check(row, line + before).map(({ rule: { code, severity, hint }, message }) => ({
      code,
      severity,
      file: path,
      line,
      column: 1,
      message,
      hint,
    })),
  )
  if (found.length === 0) return []
  const spelt = new Map(found.map(({ line }) => [line, '']))
  for await (const { first, texts } of readLineBlocks(path, { part, keepMark: true }))
    for (let i = 0; i < texts.length; i++) if (spelt.has(first + i)) spelt.set(first + i, texts[i]!)
  return found.map((diagnostic) => ({ diagnostic, text: spelt.get(diagnostic.line) ?? '', at: 0 }))
}

function* rowsOf(keys: string): Generator<[number, RowKeys]> {
  const bytes = Buffer.from(keys, 'base64')
  for (let at = 0; at < bytes.length; at += 32) {
    const [line, id, prompt, answer] = [0, 8, 16, 24].map((offset) => bytes.readDoubleLE(at + offset))
    yield [line!, { id: id!, prompt: prompt!, answer: answer! }]
  }
}
