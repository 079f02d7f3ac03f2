// A copy of a model in another process: what it can be asked for. All that it is given, and all that it gives, can be sent.
import type { Sampling } from '../policy/law.ts'
import type { Model } from '../policy/model.ts'
import type { Group, PassOptions, Results } from '../policy/policy.ts'
import type { Scaling } from '../policy/scaling.ts'
import type { ScorerModel } from '../policy/scorer.ts'
import type { Completion, Session, SessionOptions, Work } from '../policy/session.ts'
import type { Exchange } from './exchange.ts'

/** What a slot is to write next; its law holds no functions. */
export interface Assignment {
  ids: readonly number[]
  sampling: Sampling
  key: readonly number[]
  origin: number
  earlier?: readonly number[]
}

export interface Replica {
  pass(groups: readonly Group[], options: PassOptions): Results
  /** Of the last pass. */
  backward(slopes: Results): void
  /** Lays stretches of the accumulated gradient at its place of the exchange, and clears them: from one up to another, SLOTS at most. */
  takeGradient(from: number, to: number): void
  /** Takes stretches of what is trained from the first place of the exchange. */
  setValues(from: number, to: number): void
  refresh(scaling: Scaling | undefined): void
  clearGradients(): void
  pullReference(share: number): void
  setReference(name: string, value: Float32Array): void
  /** A session under that number. */
  open(session: number, options: SessionOptions): void
  /** One turn in it, and what the session has done so far. */
  write(session: number, assignment: Assignment): Promise<{ completion: Completion; work: Work }>
  close(session: number): void
}

/** A replica as it is asked from elsewhere. Calls made in one go are begun in one go, in order. */
export interface Remote {
  call<Method extends keyof Replica>(
    method: Method,
    ...given: Parameters<Replica[Method]>
  ): Promise<Awaited<ReturnType<Replica[Method]>>>
}

/** The model of this process as one that others ask, with its place in the exchange. */
export function replicaOf(model: Model | ScorerModel, exchange: Exchange, place: number): Replica {
  const sessions = new Map<number, Session>()
  let backward: ((slopes: Results) => void) | undefined
  return {
    pass(groups, options) {
      const pass = model.pass(groups, options)
      backward = options.keep ? pass.backward : undefined
      return pass.results
    },
    backward(slopes) {
      if (!backward) throw new Error('a backward pass without a forward one')
      backward(slopes)
      backward = undefined
    },
    takeGradient(from, to) {
      const stretches = model.stretches()
      for (let i = from; i < to; i++) exchange.write(place, i - from, stretches.takeGradient(i))
    },
    setValues(from, to) {
      const stretches = model.stretches()
      for (let i = from; i < to; i++) stretches.setValues(i, exchange.read(0, i - from, stretches.size(i)))
    },
    refresh: model.refresh,
    clearGradients: model.clearGradients,
    pullReference: model.pullReference,
    setReference: model.setReference,
    open(number, options) {
      if (!('open' in model)) throw new Error('a scorer writes nothing')
      sessions.set(number, model.open(options))
    },
    async write(number, assignment) {
      const session = sessions.get(number)
      if (!session) throw new Error(`no session ${number}`)
      const slot = session.submit(assignment)
      try {
        return { completion: await slot.completion, work: session.work() }
      } finally {
        slot.release()
      }
    },
    close(number) {
      sessions.get(number)?.close()
      sessions.delete(number)
    },
  }
}
