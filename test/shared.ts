// Where the shared reference facts lie. A test that needs them is skipped where they are absent: `test.skipIf(!path)`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Path below `$HONE_SHARED` (default ../shared beside the checkout), or undefined where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(process.env['HONE_SHARED'] ?? join(import.meta.dir, '..', '..', 'shared'), ...parts)
  return existsSync(path) ? path : undefined
}
