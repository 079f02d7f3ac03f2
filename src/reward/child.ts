// A program that answers a line of JSON with a line of JSON: started in a group of its own, asked with a time limit, ended with all that it started.
import { HoneError } from '../error.ts'
import { detail } from '../out.ts'
import { isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { lineBlocks } from '../text/lines.ts'
import { Raised } from './reward.ts'

export interface Child {
  /**
   * The value that the program answers `line` with.
   * @throws Raised Timeout, ProcessError, NotAScore: the program is of no more use. @throws HoneError where it says that it cannot answer at all.
   */
  ask(line: string, milliseconds: number): Promise<Json>
  /** True once it has answered, or said that it will. */
  answered(): boolean
  /** True where it said something unasked: its next line would be taken for the answer to another row. */
  confused(): boolean
  /** Ends it, and what it started. */
  kill(): void
}

/** How a program is spoken to. */
export interface Speech {
  words: readonly string[]
  /**
   * The descriptor on which it answers. One beyond stderr is the program's own: what a reward prints goes elsewhere, and the
   * first line says {"ready": true} once the reward is loaded, or what is wrong with it.
   */
  answersOn: 1 | 3
}

/**
 * Milliseconds in which a program that prints more than its answer shows it: which line was meant cannot be told. One that
 * answers on a descriptor of its own does not.
 */
const GRACE = 1
/** Milliseconds in which a reward's file is loaded, with all that it imports. */
const LOADING = 60_000

/** Ended with this process, whatever ends it. */
const running = new Set<{ kill(): void }>()
process.on('exit', () => running.forEach((child) => child.kill()))

export function startChild({ words, answersOn }: Speech): Child {
  const { child, answers } = answersOn === 3 ? spawnApart([...words]) : spawnPlain([...words])
  detail(`started process ${child.pid}: ${words.join(' ')}`)
  const lines = lineQueue(answers)
  let answered = false
  let ready = answersOn === 1
  const handle: Child = {
    async ask(line, milliseconds) {
      if (!ready) await load()
      const late = lateness(milliseconds)
      try {
        await Promise.race([write(line), late.promise])
        const text = await next(late.promise)
        if (answersOn === 1) await Bun.sleep(GRACE)
        if (lines.waiting() > 0) throw extra()
        return parseAnswer(text)
      } finally {
        late.forget()
      }
    },
    answered: () => answered,
    confused: () => lines.waiting() > 0,
    kill() {
      running.delete(handle)
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
      child.unref()
    },
  }
  running.add(handle)
  return handle

  /** Loading takes its own time: on a busy machine that of a row would not do. */
  async function load(): Promise<void> {
    const late = lateness(LOADING)
    try {
      requireReady(await next(late.promise).catch(unloadable))
      ready = true
    } finally {
      late.forget()
    }
  }

  /** A process that has ended takes nothing more: what it ended with is told by `next`. */
  async function write(line: string): Promise<void> {
    try {
      child.stdin.write(`${line}\n`)
      await child.stdin.flush()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
    }
  }

  async function next(late: Promise<never>): Promise<string> {
    const text = await Promise.race([lines.next(), late])
    if (text === undefined) {
      // It may have closed its answers, and go on.
      const code = await Promise.race([child.exited, late])
      throw new Raised('ProcessError', `the reward's process ended with code ${code}`)
    }
    answered = true
    return text
  }
}

// Each in a group of its own: a shell and what it started end together.

function spawnPlain(words: string[]) {
  const child = Bun.spawn(words, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', detached: true })
  return { child, answers: child.stdout }
}

/** What it prints on stdout goes to stderr; descriptor 3 is for answers. */
function spawnApart(words: string[]) {
  const child = Bun.spawn(words, { stdio: ['pipe', 2, 'inherit', 'pipe'], detached: true })
  return { child, answers: Bun.file(Number(child.stdio[3])).stream() }
}

/** What keeps a reward from being loaded keeps it from judging any row. */
function unloadable(error: unknown): never {
  throw new HoneError(`Cannot load the reward: ${error instanceof Error ? error.message : String(error)}`, {
    hint: 'its own messages stand above',
    cause: error,
  })
}

const extra = () => new Raised('NotAScore', 'the reward printed more than one line for a row')

/** @throws HoneError with what the program says is wrong. */
function requireReady(line: string): void {
  const said = parseAnswer(line)
  if (!isObject(said) || said['ready'] === true) return
  const [message, at, hint] = ['message', 'at', 'hint'].map((key) => said[key])
  throw new HoneError(typeof message === 'string' ? message : 'Cannot load the reward', {
    ...(typeof at === 'string' && { at }),
    ...(typeof hint === 'string' && { hint }),
  })
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

/** A promise that is rejected after so many milliseconds, unless it is forgotten before. */
function lateness(milliseconds: number) {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Raised('Timeout', `no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  )
  promise.catch(() => {})
  return { promise, forget: () => clearTimeout(timer) }
}

/** The lines of a stream as they come: `next` waits for one (undefined at the end), `waiting` counts those that came unasked. */
function lineQueue(stream: ReadableStream<Uint8Array>) {
  const ready: string[] = []
  let wake: ((line: string | undefined) => void) | undefined
  let ended = false
  void read()
  return {
    waiting: () => ready.length,
    next: () =>
      new Promise<string | undefined>((resolve) => {
        if (ready.length > 0 || ended) resolve(ready.shift())
        else wake = resolve
      }),
  }

  async function read(): Promise<void> {
    try {
      for await (const { texts } of lineBlocks(stream)) for (const line of texts) give(line)
    } catch {
      // The descriptor of a process that was killed cannot be read: that is its end.
    }
    ended = true
    wake?.(undefined)
  }

  function give(line: string): void {
    if (!wake) return void ready.push(line)
    const resolve = wake
    wake = undefined
    resolve(line)
  }
}
