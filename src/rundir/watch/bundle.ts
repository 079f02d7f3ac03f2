// The browser side of the page as one script. Run as a macro: the script is made while this program is, and is text in the binary.
import { join } from 'node:path'

/** Script and style of `page/main.tsx` with all that they import. */
export function bundle(): string {
  const entry = join(import.meta.dir, 'page', 'main.tsx')
  const { success, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    'build',
    entry,
    '--target=browser',
    '--minify',
    '--production',
  ])
  if (!success) throw new Error(stderr.toString())
  return stdout.toString()
}
