// Runs drawn in a terminal again and again, until they end.
import { stdout } from 'node:process'
import { data, say } from '../../out.ts'
import { follower, progressOf } from '../../rundir/watch/follow.ts'
import { textOf } from '../../rundir/watch/text.ts'
import { type Watched, watchedAt } from '../../rundir/watch/watched.ts'

/** Milliseconds between two looks. */
const LOOK = 500
const [WHOLE_SCREEN, HOME, CLEAR_LINE, CLEAR_BELOW] = ['\x1b[2J', '\x1b[H', '\x1b[K', '\x1b[J']

/** Draws what fits the screen until no run goes on, or the user ends it; then all of it. */
export async function followText(directories: readonly string[]): Promise<void> {
  let ended = false
  process.once('SIGINT', () => (ended = true)).once('SIGTERM', () => (ended = true))
  let drawn = false
  for (;;) {
    const watched = watchedAt(directories)
    const lines = textOf(watched, stdout.columns)
    if (ended || !watched.runs.some(goesOn)) {
      if (drawn) say(1, `${HOME}${CLEAR_BELOW}`)
      return lines.forEach(data)
    }
    const fitting = lines.slice(0, Math.max(1, stdout.rows - 1))
    say(
      1,
      `${drawn ? '' : WHOLE_SCREEN}${HOME}${fitting.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`,
    )
    drawn = true
    await Bun.sleep(LOOK)
  }
}

function goesOn({ directory }: Watched['runs'][number]): boolean {
  return progressOf(directory, follower(directory)()?.events ?? []).state === 'running'
}
