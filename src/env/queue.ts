// Work that waits for its turn: so much runs at once, as many as there are cores unless said, and its time begins when it runs.
import { availableParallelism } from 'node:os'

/** Runs work in the order in which it is asked, so much of it at once. */
export function queue(most = availableParallelism()): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else free--
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
