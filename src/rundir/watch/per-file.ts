// What is made of a file, made anew only where the file changed.
import { statSync } from 'node:fs'

/** Files whose result is kept, the last that were asked about. */
const KEPT = 16

/** `make` of files; undefined for one that there is not. */
export function perFile<T>(make: (path: string) => T): (path: string) => T | undefined {
  const known = new Map<string, { stamp: string; value: T }>()
  return (path) => {
    const { mtimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {}
    if (size === undefined) return undefined
    const stamp = `${mtimeMs} ${size} ${ino}`
    const before = known.get(path)
    if (before?.stamp === stamp) return before.value
    const value = make(path)
    known.set(path, { stamp, value })
    if (known.size > KEPT) known.delete(known.keys().next().value!)
    return value
  }
}
