// Where hone keeps what it can make again: `HONE_CACHE`, or the cache folder of the platform.
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder as an absolute or user-given path; it need not exist yet. */
export function cacheFolder(environment: Record<string, string | undefined> = process.env): string {
  const { HONE_CACHE, XDG_CACHE_HOME } = environment
  if (HONE_CACHE) return HONE_CACHE
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'hone')
  return process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches', 'hone')
    : join(homedir(), '.cache', 'hone')
}
