// Calls between processes as messages: those made in one go travel in one message, each is answered by itself.
import { EXIT, type ExitCode, HoneError } from '../../error.ts'
import type { Remote, Replica } from './replica.ts'

export interface Call {
  id: number
  /** Name of the model. */
  model: string
  method: keyof Replica
  given: readonly unknown[]
}

export type Answer = { id: number } & ({ value: unknown } | { error: Refused })

/** An error as it travels. */
export interface Refused {
  message: string
  hint?: string | undefined
  at?: string | undefined
  exit: ExitCode
}

/** The asking end: `send` takes messages to the other one. */
export interface Asking {
  remote(model: string): Remote
  answered(answer: Answer): void
  /** All that waits fails, and all that is asked from now on. */
  fail(cause: Error): void
}

export function askingOver(send: (calls: Call[]) => void): Asking {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(cause: Error): void }>()
  let unsent: Call[] = []
  let asked = 0
  let failed: Error | undefined
  const flush = () => {
    const calls = unsent
    unsent = []
    if (!failed) send(calls)
  }
  const ask = (model: string, method: keyof Replica, given: readonly unknown[]): Promise<unknown> => {
    if (failed) return Promise.reject(failed)
    const id = asked++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    waiting.set(id, { resolve, reject })
    if (unsent.length === 0) queueMicrotask(flush)
    unsent.push({ id, model, method, given })
    return promise
  }
  return {
    // What comes back is what the method of the other end gave.
    remote: (model) => ({
      call: (method, ...given) => ask(model, method, given) as ReturnType<Remote['call']> as never,
    }),
    answered(answer) {
      const wanted = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('value' in answer) wanted?.resolve(answer.value)
      else wanted?.reject(new HoneError(answer.error.message, answer.error))
    },
    fail(cause) {
      failed ??= cause
      for (const { reject } of waiting.values()) reject(failed)
      waiting.clear()
    },
  }
}

/** The answering end: every call of a message is begun before any ends. */
export function answer(replicas: Readonly<Record<string, Replica>>, calls: readonly Call[], send: (a: Answer) => void) {
  for (const { id, model, method, given } of calls) {
    // Each by the method that it names: what was given for it is what that takes.
    const begin = async () => await (replicas[model]![method] as (...given: readonly unknown[]) => unknown)(...given)
    begin().then(
      (value) => send({ id, value }),
      (error: unknown) => send({ id, error: refused(error) }),
    )
  }
}

export function refused(error: unknown): Refused {
  if (error instanceof HoneError) {
    const { message, hint, at, exit } = error
    return { message, hint, at, exit }
  }
  return { message: error instanceof Error ? error.message : String(error), exit: EXIT.bug }
}
