// Messages for people by level, through consola: errors always, warnings and notes unless quiet.
import { type ConsolaInstance, createConsola, type LogType } from 'consola/core'
import { complain, log, setQuiet, setVerbose } from '../out.ts'

/** The levels that consola shows up to: errors alone, or warnings and notes too. */
const [QUIET, NORMAL] = [0, 3]

/** What stands before a message; types that are not named here have nothing. */
const prefixes: Partial<Record<LogType, string>> = {
  fatal: 'error: ',
  error: 'error: ',
  warn: 'warning: ',
}

/**
 * `notice.warn('…')`, `notice.info('…')`: one line each on stderr. Consola folds a message that
 * repeats within a second into one line with its count.
 */
export const notice: ConsolaInstance = createConsola({
  level: NORMAL,
  reporters: [
    {
      log({ type, args }) {
        const line =
          (prefixes[type] ?? '') +
          args
            .map(String)
            .join(' ')
            .trim()
            .replace(/\s*\n\s*/g, '; ')
        if (type === 'error' || type === 'fatal') complain(line)
        else log(line)
      },
    },
  ],
})

/** Set once, before a command runs. */
export function setVerbosity(level: 'quiet' | 'normal' | 'verbose'): void {
  notice.level = level === 'quiet' ? QUIET : NORMAL
  setQuiet(level === 'quiet')
  setVerbose(level === 'verbose')
}
