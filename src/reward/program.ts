// A reward in processes of its own, one line of JSON in and one out: a time limit, a cap on how many run, a cache.
import { availableParallelism } from 'node:os'
import { HoneError } from '../error.ts'
import { isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { Raised, type Sample, type Verdict } from './reward.ts'
import { plainJson, sampleLine } from './rows.ts'

export interface ProgramOptions {
  /** Seconds for one row; the process is killed after them, and the next row gets a new one. */
  timeout?: number | undefined
  /** Processes at a time. */
  concurrency?: number | undefined
}

/** So many processes in a row that end without one answer are not the rows' fault. */
const STILLBORN = 3
/** Rows whose verdict is remembered. */
const CACHE_ROWS = 100_000

export interface Program {
  /** @throws HoneError where the program itself does not run. */
  score(samples: readonly Sample[]): Promise<Verdict[]>
  close(): void
}

/** Scores by the program of these words. What it prints on stderr is passed through. */
export function openProgram(words: string[], options: ProgramOptions = {}): Program {
  const { timeout = 10, concurrency = Math.min(4, availableParallelism()) } = options
  const cache = new Map<string, Promise<Verdict>>()
  const idle: Child[] = []
  const busy = new Set<Child>()
  const waiting: (() => void)[] = []
  let closed = false
  let stillborn = 0
  let broken: HoneError | undefined

  async function ask(line: string): Promise<Verdict> {
    while (busy.size >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    if (broken) throw broken
    const child = idle.pop() ?? start(words)
    busy.add(child)
    try {
      const answer = await child.ask(line, timeout * 1000)
      stillborn = 0
      if (!closed) idle.push(child)
      return toVerdict(answer)
    } catch (error) {
      child.kill()
      if (!child.answered() && ++stillborn >= STILLBORN) throw (broken ??= hopeless(words, error))
      return faultVerdict(error)
    } finally {
      busy.delete(child)
      waiting.shift()?.()
    }
  }

  function scoreOne(sample: Sample): Promise<Verdict> {
    const line = sampleLine(sample)
    const known = cache.get(line)
    if (known) return known
    const verdict = ask(line)
    if (cache.size >= CACHE_ROWS) cache.clear()
    cache.set(line, verdict)
    return verdict
  }

  return {
    score: (samples) => Promise.all(samples.map(scoreOne)),
    close() {
      closed = true
      for (const child of [...idle, ...busy]) child.kill()
    },
  }
}

interface Child {
  /** The value on the program's next line after `line` was written to it. @throws Raised Timeout, ProcessError, NotAScore */
  ask(line: string, milliseconds: number): Promise<Json>
  answered(): boolean
  kill(): void
}

function start(words: string[]): Child {
  const child = Bun.spawn(words, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const lines = readLines(child.stdout)
  let answered = false
  return {
    async ask(line, milliseconds) {
      let timer: Timer | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Raised('Timeout', `no answer within ${milliseconds / 1000} s`)),
          milliseconds,
        )
      })
      try {
        child.stdin.write(line + '\n')
        await Promise.race([child.stdin.flush(), late])
        const next = await Promise.race([lines.next(), late])
        if (next.done) throw new Raised('ProcessError', `the reward's process ended with code ${await child.exited}`)
        const value = parseAnswer(next.value)
        answered = true
        return value
      } finally {
        clearTimeout(timer)
      }
    },
    answered: () => answered,
    kill: () => child.kill('SIGKILL'),
  }
}

/** A line that is no JSON means that the program prints other things too: what follows could not be told apart. */
function parseAnswer(line: string): Json {
  try {
    return parseJson(line)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Raised('NotAScore', `the answer is not JSON: ${line.slice(0, 80)}`)
  }
}

function hopeless(words: string[], error: unknown): HoneError {
  const reason = error instanceof Error ? error.message : String(error)
  return new HoneError(`Cannot run the reward: ${reason}`, {
    at: words.join(' '),
    hint: 'Its own messages stand above.',
    cause: error,
  })
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  return undefined
}

/** A number, or {score, parts?, reasons?} (score null: not applicable), or {fault, message?}; anything else is a fault. */
export function toVerdict(answer: Json): Verdict {
  try {
    return readVerdict(answer)
  } catch (error) {
    return faultVerdict(error)
  }
}

function readVerdict(answer: Json): Verdict {
  if (!isObject(answer)) return { score: finite(answer), parts: {}, fault: null, reasons: [] }
  const { score, parts, reasons, fault, message } = answer
  if (typeof fault === 'string') throw new Raised(fault, typeof message === 'string' ? message : 'the reward failed')
  const said = Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : []
  if (score === null) return { score: 0, parts: {}, fault: null, notApplicable: true, reasons: said }
  const numbers = Object.entries(isObject(parts) ? parts : {}).map(([name, value]): [string, number | null] => [
    name,
    value === null ? null : finite(value),
  ])
  return { score: finite(score), parts: Object.fromEntries(numbers), fault: null, reasons: said }
}

function finite(value: Json | undefined): number {
  const number = value === undefined ? undefined : plainJson(value)
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new Raised('NotAScore', 'the score is not a finite number')
  return number
}

function faultVerdict(error: unknown): Verdict {
  const fault = error instanceof Raised ? error.fault : 'ProcessError'
  return { score: 0, parts: null, fault, reasons: [error instanceof Error ? error.message : String(error)] }
}
