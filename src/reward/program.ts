// A reward in processes of its own: how many run, what is remembered, and whether a failure is the row's fault or the program's.
import { availableParallelism } from 'node:os'
import { HoneError } from '../error.ts'
import { startChild, type Child, type Speech } from './child.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'
import { sampleLine, toVerdict } from './rows.ts'

export interface ProgramOptions {
  /** Seconds for one row; the process is killed after them, and the next row gets a new one. */
  timeout?: number | undefined
  /** Processes at a time. */
  concurrency?: number | undefined
}

/** What is remembered at most, in characters of the rows. */
const CACHE_LENGTH = 64 * 2 ** 20

export interface Program {
  /** @throws HoneError where the program itself does not run. */
  score(samples: readonly Sample[]): Promise<Verdict[]>
  close(): void
}

/** Scores by a program, in processes that are started as they are needed. What it prints on stderr is passed through. */
export function openProgram(speech: Speech, options: ProgramOptions = {}): Program {
  const { timeout = 10, concurrency = Math.min(4, availableParallelism()) } = options
  const cache = verdictCache()
  const idle: Child[] = []
  const busy = new Set<Child>()
  const waiting: (() => void)[] = []
  let closed = false
  /** True once any process has answered: then what happens to a row is the row's fault. */
  let runs = false
  /** True once a process has ended before it answered. */
  let stillborn = false
  let broken: HoneError | undefined

  async function ask(line: string): Promise<Verdict> {
    while (busy.size >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    if (broken) throw broken
    const child = fresh()
    busy.add(child)
    try {
      const answer = await child.ask(line, timeout * 1000)
      runs = true
      if (closed) child.kill()
      else idle.push(child)
      return toVerdict(answer)
    } catch (error) {
      child.kill()
      if (error instanceof HoneError) throw (broken ??= error)
      runs ||= child.answered() || (error instanceof Raised && error.fault === 'Timeout')
      stillborn ||= !runs
      return faulty(error)
    } finally {
      busy.delete(child)
      waiting.shift()?.()
    }
  }

  /** A process that waits for a row. */
  function fresh(): Child {
    for (let child; (child = idle.pop()) !== undefined; child.kill()) if (!child.confused()) return child
    return startChild(speech)
  }

  return {
    async score(samples) {
      const verdicts = await Promise.all(samples.map((sample) => cache(sampleLine(sample), ask)))
      const first = verdicts[0]
      // Every process ended and none ever answered: the program is at fault, not the rows.
      if (first && !runs && stillborn) throw (broken ??= hopeless(speech, first.reasons[0]))
      return verdicts
    },
    close() {
      closed = true
      for (const child of [...idle, ...busy]) child.kill()
    },
  }
}

/** Remembers what was answered to a line. What is remembered is bounded by its length: rows may be large. */
function verdictCache() {
  const known = new Map<string, Promise<Verdict>>()
  let length = 0
  return (line: string, ask: (line: string) => Promise<Verdict>): Promise<Verdict> => {
    const before = known.get(line)
    if (before) return before
    const verdict = ask(line)
    if (length + line.length > CACHE_LENGTH) {
      known.clear()
      length = 0
    }
    known.set(line, verdict)
    length += line.length
    return verdict
  }
}

function hopeless({ words }: Speech, error: unknown): HoneError {
  const reason = error instanceof Error ? error.message : String(error)
  return new HoneError(`Cannot run the reward: ${reason}`, {
    at: words.join(' '),
    hint: 'its own messages stand above',
  })
}
