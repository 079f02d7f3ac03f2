// The scripts that install a release: they know its version, and where its files lie.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const installers = ['install.sh', 'install.ps1'] as const

/** Text of an installer; without `url` it asks where the files lie. */
export function installer(
  name: (typeof installers)[number],
  { version, url }: { version: string; url: string },
): string {
  return readFileSync(join(import.meta.dir, name), 'utf8')
    .replaceAll('@VERSION@', version)
    .replaceAll('@URL@', url)
}
