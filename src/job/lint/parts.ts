// Lints a large file on all cores: each of several processes takes a part, and their findings are put in order again.
import { closeSync, openSync, readSync } from 'node:fs'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import type { acrossOf } from '../../lint/across.ts'
import type { Checker } from '../../lint/check.ts'
import { placed, type Placed } from '../../lint/place.ts'
import type { RowKeys } from '../../lint/rule.ts'

/** A part of a file in bytes; it begins at the start of a line. */
export interface Part {
  path: string
  start: number
  end: number
}

/** The variable by which a process is told its part. */
export const PART_VARIABLE = 'HONE_LINT_PART'

/** Files below this are done before a process has started. */
const LARGE = 24 * 2 ** 20

/** The parts of a file for `count` processes, or undefined where it is too small or compressed. */
export function partsOf(path: string, count: number): Part[] | undefined {
  const size = Bun.file(path).size
  if (path === '-' || count < 2 || size < LARGE) return undefined
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(65_536)
    readSync(file, bytes, 0, 4, 0)
    if (!' \t\r\n{\xef'.includes(String.fromCharCode(bytes[0]!))) return undefined
    const starts = [0]
    for (let i = 1; i < count; i++) {
      let at = Math.floor((size * i) / count)
      for (;;) {
        const read = readSync(file, bytes, 0, bytes.length, at)
        const newline = bytes.subarray(0, read).indexOf(10)
        if (newline >= 0 || read === 0) {
          at += newline < 0 ? 0 : newline + 1
          break
        }
        at += read
      }
      if (at < size && at > starts.at(-1)!) starts.push(at)
    }
    return starts.map((start, i) => ({ path, start, end: starts[i + 1] ?? size }))
  } finally {
    closeSync(file)
  }
}

/** The part that this process was given. */
export function ownPart(environment: Record<string, string | undefined>): Part | undefined {
  const text = environment[PART_VARIABLE]
  return text === undefined ? undefined : JSON.parse(text)
}

/** In a process of its own: findings of a part on stdout, lines counted from its start, then the hashes of its rows. */
export async function lintPart({ path, start, end }: Part, checker: Checker): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const keys: number[] = []
  let rest = ''
  let line = 1
  const lint = (text: string) => {
    const piece = { line, column: 1, text }
    const checked = checker.check(text)
    for (const found of placed(path, piece, checked.found)) data(JSON.stringify(found))
    if (checked.keys) keys.push(line, checked.keys.id, checked.keys.prompt, checked.keys.answer)
    line++
  }
  for await (const chunk of Bun.file(path).slice(start, end).stream()) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = texts.pop()!
    for (const text of texts) lint(text)
  }
  rest += decoder.decode()
  if (rest !== '') lint(rest)
  data(JSON.stringify({ lines: line - 1, keys: Buffer.from(Float64Array.from(keys).buffer).toString('base64') }))
}

/** Runs `command` once for each part, all at a time, and gives their findings in the order of the file. @throws HoneError where one fails. */
export async function lintParts(
  parts: readonly Part[],
  command: readonly string[],
  across: ReturnType<typeof acrossOf>,
  emit: (found: Placed) => void,
): Promise<void> {
  const runs = parts.map((part) => {
    const run = Bun.spawn([...command], {
      stdin: 'ignore',
      stderr: 'inherit',
      env: { ...process.env, [PART_VARIABLE]: JSON.stringify(part) },
    })
    return { run, output: new Response(run.stdout).text() }
  })
  let shift = 0
  for (const { run, output } of runs) {
    const lines = (await output).trimEnd().split('\n')
    if ((await run.exited) !== 0) throw new HoneError(`Cannot lint a part of ${parts[0]!.path}`, { at: parts[0]!.path })
    const { lines: count, keys } = JSON.parse(lines.pop()!)
    const found = lines.map((line): Placed => JSON.parse(line))
    for (const each of merge(parts[0]!.path, found, rowsOf(keys), shift, across)) emit(each)
    shift += count
  }
}

/** Findings of rows and findings between rows, by line and column; `shift` lines of other parts stand before. */
function merge(
  path: string,
  found: readonly Placed[],
  rows: Iterable<[number, RowKeys]>,
  shift: number,
  across: ReturnType<typeof acrossOf>,
): Placed[] {
  const between: Placed[] = []
  for (const [line, keys] of rows) {
    for (const { rule, message } of across.check(keys, line + shift)) {
      const { code, severity, hint } = rule
      between.push({ diagnostic: { code, severity, file: path, line, column: 1, message, hint }, text: '', at: 0 })
    }
  }
  return [...found, ...between]
    .sort(({ diagnostic: a }, { diagnostic: b }) => a.line - b.line || a.column - b.column)
    .map((each) => ({ ...each, diagnostic: { ...each.diagnostic, line: each.diagnostic.line + shift } }))
}

function* rowsOf(keys: string): Generator<[number, RowKeys]> {
  const bytes = Buffer.from(keys, 'base64')
  for (let at = 0; at < bytes.length; at += 32) {
    const [line, id, prompt, answer] = [0, 8, 16, 24].map((offset) => bytes.readDoubleLE(at + offset))
    yield [line!, { id: id!, prompt: prompt!, answer: answer! }]
  }
}
