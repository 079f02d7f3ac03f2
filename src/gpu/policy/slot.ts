// A slot as a state: what it was given, what it wrote, and what it writes now.
import type { Completion, Slot, SlotRequest } from './session.ts'

type Given = Pick<SlotRequest, 'onToken' | 'earlier'>

/** What a slot is to write next, as decoding reads it. */
export interface Turn extends Required<Omit<SlotRequest, keyof Given>>, Given {
  /** It ended or failed; nobody waits for it any more. */
  readonly over: boolean
  /** Nobody will extend the slot any more. */
  readonly released: boolean
  end(completion: Completion): void
  fail(cause: unknown): void
}

/** A slot that writes from the start, or rests where another one does. `begin` is given each of its turns. */
export function slotOf(request: SlotRequest, begin: (turn: Turn) => void, rested?: Promise<Completion>): Slot {
  let { ids, sampling } = request
  const { key, origin = ids.length, alternatives = 0, onToken, earlier } = request
  let turn: Turn | undefined
  let released = false
  const write = (): Promise<Completion> => {
    const { promise, resolve, reject } = Promise.withResolvers<Completion>()
    // Who does not wait for it need not hear that it failed.
    promise.catch(() => {})
    let over = false
    const rest = (then: () => void) => {
      if (over) return
      over = true
      turn = undefined
      then()
    }
    turn = {
      ids,
      sampling,
      key,
      origin,
      alternatives,
      ...(onToken && { onToken }),
      ...(earlier && { earlier }),
      get over() {
        return over
      },
      get released() {
        return released
      },
      end: (completion) =>
        rest(() => {
          ids = [...ids, ...completion.ids]
          resolve(completion)
        }),
      fail: (cause) => rest(() => reject(cause)),
    }
    begin(turn)
    return promise
  }
  const requireRest = () => {
    if (turn) throw new Error('the slot is still writing')
  }
  let completion = rested ?? write()
  return {
    get ids() {
      return ids
    },
    get completion() {
      return completion
    },
    extend(given, law = sampling) {
      requireRest()
      sampling = law
      ids = [...ids, ...given]
      return (completion = write())
    },
    fork(other = key) {
      requireRest()
      return slotOf({ ids, sampling, key: other, origin, ...(earlier && { earlier }) }, begin, completion)
    },
    release() {
      released = true
      turn?.fail(new Error('the slot was released before it ended'))
    },
  }
}
