// Runs drawn in a terminal again and again, until they end.
import { stdout } from 'node:process'
import { progressOf, follower } from '../../rundir/watch/follow.ts'
import { textOf } from '../../rundir/watch/text.ts'
import { watchedAt } from '../../rundir/watch/watched.ts'

/** Milliseconds between two looks. */
const LOOK = 500
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\x1b[H', '\x1b[K', '\x1b[J']

/** Draws until no run goes on, or the user ends it. */
export async function followText(directories: readonly string[]): Promise<void> {
  let ended = false
  process.once('SIGINT', () => (ended = true)).once('SIGTERM', () => (ended = true))
  stdout.write('\x1b[2J')
  for (;;) {
    const watched = watchedAt(directories)
    const lines = textOf(watched, stdout.columns)
    const shown = lines.slice(0, Math.max(1, stdout.rows - 1))
    stdout.write(`${HOME}${shown.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
    const going = watched.runs.some(({ directory }) => {
      const { state } = progressOf(directory, follower(directory)()?.events ?? [])
      return state === 'running' || state === 'empty'
    })
    if (!going || ended) return
    await Bun.sleep(LOOK)
  }
}
