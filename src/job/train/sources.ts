// What a run was made from, for its card: the files that its settings name, and those that named them, by their SHA-256.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Resolved } from '../../shell/config.ts'
import { pathsIn } from '../run-record.ts'

/** Settings whose folders are models. */
const MODELS = ['model', 'adapter', 'criticModel']

/** File name → SHA-256 as `sha256sum` prints it. Folders and what is gone are left out. */
export function sourcesOf({ value, origins }: Resolved<object>): Record<string, string> {
  const named = Object.entries(pathsIn(value)).flatMap(([key, paths]) => (MODELS.includes(key) ? [] : paths))
  const configs = Object.values(origins).flatMap((origin) => /^(.+\.(?:ya?ml|toml|json)):\d+$/.exec(origin)?.[1] ?? [])
  const files = [...new Set([...configs, ...named])].filter(
    (path) => existsSync(path) && statSync(path, { throwIfNoEntry: false })?.isFile(),
  )
  return Object.fromEntries(
    files.map((path) => [basename(path), new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex')]),
  )
}
