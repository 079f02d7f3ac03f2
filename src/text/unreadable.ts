// Why a file cannot be read, in the user's words, and which file may have been meant.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { didYouMean, HoneError } from '../error.ts'

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
  const near = didYouMean(basename(path), readdirSync(folder))
  return near ?? `looked for in ${resolve(folder)}`
}

/** A file of rows in the folder. */
function firstIn(folder: string): string | undefined {
  const name = readdirSync(folder)
    .toSorted()
    .find((each) => /\.(jsonl|json|parquet)(\.gz|\.zst)?$/.test(each))
  return name === undefined ? undefined : join(folder, name)
}
