// A status line with a bar, the rate and the time left, for work over files of known size.
import { duration } from './duration.ts'
import { clearStatus, isTerminal, status } from '../out.ts'

export interface Progress {
  bytes(count: number): void
  row(): void
  end(): void
}

/** `total` in bytes, undefined where it cannot be known (stdin). Draws at most ten times a second, and only on a terminal. */
export function openProgress(
  label: string,
  total: number | undefined,
  now: () => number = performance.now.bind(performance),
): Progress {
  if (!isTerminal()) return { bytes() {}, row() {}, end() {} }
  const start = now()
  let [drawn, read, rows] = [start, 0, 0]
  const draw = (time: number) => {
    drawn = time
    const seconds = (time - start) / 1000
    const rate = `${rows.toLocaleString('en')} rows  ${Math.round(rows / Math.max(seconds, 0.001)).toLocaleString('en')}/s`
    if (!total) return status(`${label}  ${rate}`)
    const share = Math.min(1, read / total)
    const left = share > 0 ? (seconds / share) * (1 - share) : 0
    status(`${label}  eta ${duration(left)}  ${bar(share)} ${String(Math.floor(share * 100)).padStart(3)}%  ${rate}`)
  }
  return {
    bytes(count) {
      read += count
    },
    row() {
      rows++
      const time = now()
      if (time - drawn > 100) draw(time)
    },
    end: clearStatus,
  }
}

const WIDTH = 20
const bar = (share: number): string => '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')

/** A status line for work of so many pieces: how many are done, when the rest will be, and what else is to be said. */
export function countdown(
  label: string,
  total: number,
  now: () => number = performance.now.bind(performance),
): (done: number, more?: string) => void {
  const start = now()
  return (done, more = '') => {
    const left = done > 0 ? ((now() - start) / 1000 / done) * (total - done) : undefined
    status(
      [`${label} ${done}/${total}`, ...(left === undefined ? [] : [`eta ${duration(left)}`]), more]
        .join('  ')
        .trimEnd(),
    )
  }
}
