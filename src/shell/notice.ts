// Messages for people by level, through consola: errors always, warnings and notes unless quiet, details when verbose.
import { type ConsolaInstance, createConsola, type LogType } from 'consola/core'
import { complain, log, setQuiet } from '../out.ts'

/** The level that consola shows up to. */
export const LEVELS = { quiet: 0, normal: 3, verbose: 4 } as const

/** What stands before a message; types that are not named here have nothing. */
const prefixes: Partial<Record<LogType, string>> = {
  fatal: 'error: ',
  error: 'error: ',
  warn: 'warning: ',
  debug: 'debug: ',
}

/**
 * `notice.warn('…')`, `notice.info('…')`, `notice.debug('…')`: one line each on stderr. Consola folds a message that
 * repeats within a second into one line with its count.
 */
export const notice: ConsolaInstance = createConsola({
  level: LEVELS.normal,
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
export function setVerbosity(level: keyof typeof LEVELS): void {
  notice.level = LEVELS[level]
  setQuiet(level === 'quiet')
}
