// Another program, run to its end.
import { HoneError } from '../error.ts'

/** What it wrote on stdout. @throws HoneError, with what it wrote on stderr, where it fails or is not there. */
export function run(
  words: readonly string[],
  cwd: string,
  env: Record<string, string | undefined> = process.env,
): string {
  const [program = ''] = words
  if (!Bun.which(program, { PATH: env['PATH'] ?? '' }) && !program.includes('/'))
    throw new HoneError(`Cannot run ${program}: it is not installed`)
  const { exitCode, stdout, stderr } = Bun.spawnSync([...words], { cwd, env })
  if (exitCode !== 0)
    throw new HoneError(
      `Cannot go on: ${words.join(' ')} ended with ${exitCode}\n${stderr.toString()}${stdout.toString()}`,
      { at: cwd },
    )
  return stdout.toString()
}
