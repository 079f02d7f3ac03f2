// Where the shared reference data lies; checks of whole files say 'not run' where it is absent.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Path below `$HONE_SHARED` (default ../shared beside the checkout), or undefined, with a line saying so, where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(process.env['HONE_SHARED'] ?? join(import.meta.dir, '..', '..', 'shared'), ...parts)
  if (existsSync(path)) return path
  console.error(`not run: ${path} is absent`)
  return undefined
}
