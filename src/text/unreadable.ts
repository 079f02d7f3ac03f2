// Why a file cannot be read, in the user's words, and which file may have been meant.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { didYouMean, HoneError, nearest } from '../error.ts'

/** What the system refused at `path` (`-` = stdin). */
export function unreadable(path: string, cause: unknown): HoneError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error'
  if (path === '-') return new HoneError(`Cannot read standard input: ${code}`, { cause })
  const { why, hint } = REFUSALS[code] ?? { why: code }
  const said = hint?.(path)
  return new HoneError(`Cannot read the file: ${why}`, { at: path, ...(said !== undefined && { hint: said }), cause })
}

const REFUSALS: Record<string, { why: string; hint?: (path: string) => string | undefined }> = {
  ENOENT: { why: 'there is no such file', hint: absent },
  EISDIR: { why: 'it is a directory', hint: (path) => `name the file: ${firstIn(path) ?? `there is none in ${path}`}` },
  EACCES: { why: 'permission denied', hint: () => 'make it readable for you, or copy it' },
}

function absent(path: string): string {
  const folder = dirname(path)
  if (!existsSync(folder)) return `there is no folder ${folder} in ${process.cwd()}`
  const files = readdirSync(folder)
  const near = nearest(stemOf(basename(path)), files.map(stemOf))
  const alike = files.filter((file) => stemOf(file) === near)
  return didYouMean(basename(path), alike) ?? `looked for in ${resolve(folder)}`
}

/** What a file is called: endings are alike everywhere, and say nothing of which is meant. */
const stemOf = (name: string): string => name.replace(/(?<=.)\..*$/, '')

/** A file of rows in the folder. */
function firstIn(folder: string): string | undefined {
  const name = readdirSync(folder)
    .toSorted()
    .find((each) => /\.(jsonl|json|parquet)(\.gz|\.zst)?$/.test(each))
  return name === undefined ? undefined : join(folder, name)
}
