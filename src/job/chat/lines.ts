// What a person types, line by line, and Ctrl-C: at a terminal with its own history, or from a pipe.
import { createInterface } from 'node:readline'

export interface Lines {
  /** The next line, after `prompt` at a terminal; undefined where there is none any more, or where the signal says not to wait. */
  next(prompt: string, signal?: AbortSignal): Promise<string | undefined>
  close(): void
}

/** `onInterrupt` is called for every Ctrl-C. */
export function openLines(onInterrupt: () => void): Lines {
  const terminal = Boolean(process.stdin.isTTY)
  const reader = createInterface({ input: process.stdin, ...(terminal && { output: process.stderr }), terminal })
  const waiting: string[] = []
  let ended = false
  let wanted: ((line: string | undefined) => void) | undefined
  const give = () => {
    if (!wanted || (waiting.length === 0 && !ended)) return
    const take = wanted
    wanted = undefined
    take(waiting.shift())
  }
  reader.on('line', (line) => {
    waiting.push(line)
    give()
  })
  reader.on('close', () => {
    ended = true
    give()
  })
  reader.on('SIGINT', onInterrupt)
  process.on('SIGINT', onInterrupt)
  return {
    next(prompt, signal) {
      if (terminal && !ended) {
        reader.setPrompt(prompt)
        reader.prompt()
      }
      return new Promise((resolve) => {
        wanted = resolve
        signal?.addEventListener('abort', () => {
          wanted = undefined
          resolve(undefined)
        })
        give()
      })
    },
    close() {
      process.off('SIGINT', onInterrupt)
      reader.close()
    },
  }
}
