// Files that a command writes, apart from those that it reads and from each other.
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { HoneError } from '../error.ts'

/** By flag, the files that are to be written; undefined for none. `-` and what is no plain file may be named again and again. */
export type Outputs = Readonly<Record<string, string | undefined>>

/** @throws HoneError where an output is one of the inputs, under whatever name, or two outputs are one file. */
export function requireApart(outputs: Outputs, inputs: readonly (string | undefined)[]): void {
  const taken = new Map<string, string>()
  for (const path of inputs) for (const identity of identitiesOf(path)) taken.set(identity, `the input ${path}`)
  for (const [flag, path] of Object.entries(outputs)) {
    // What is written stands under this name until it is whole.
    const own = identitiesOf(path)
    const identities = own.length > 0 ? [...own, ...identitiesOf(`${path}.tmp`)] : []
    const other = identities.map((identity) => taken.get(identity)).find((found) => found !== undefined)
    if (other !== undefined)
      throw new HoneError(`Cannot write ${path}: ${flag} is ${other}`, { at: path, hint: 'name another file' })
    for (const identity of identities) taken.set(identity, `also ${flag}`)
  }
}

/** What tells a file from others: where it lies and, if it exists, its number on the disk. */
function identitiesOf(path: string | undefined): string[] {
  if (path === undefined || path === '-') return []
  const found = statSync(path, { throwIfNoEntry: false })
  if (found && !found.isFile()) return []
  return [...(found ? [`${found.dev}:${found.ino}`] : []), placeOf(path)]
}

function placeOf(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}
