// The commit of the source, as --version shows it.
import { root } from './compile.ts'
import { run } from './run.ts'

/** Its short name, followed by -dirty where a file is other than there. @throws HoneError where there is no git, or no repository. */
export function sourceCommit(): string {
  const name = run(['git', 'rev-parse', '--short', 'HEAD'], root).trim()
  return run(['git', 'status', '--porcelain'], root) ? `${name}-dirty` : name
}
