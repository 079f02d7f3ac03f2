// The generation service of a policy: what slots are to write waits, is planned into batches within a budget, and one batch
// runs at a time.
import { headOf } from './law.ts'
import type { Completion, Session, SessionOptions, Slot, SlotRequest } from './session.ts'

/** What a slot is to write next, as decoding reads it. */
export interface Turn extends Required<Omit<SlotRequest, 'onToken'>>, Pick<SlotRequest, 'onToken'> {
  /** It ended or failed; nobody waits for it any more. */
  readonly over: boolean
  end(completion: Completion): void
  fail(cause: unknown): void
}

/**
 * Writes every turn to its end, unless it is over before. The turns of a group share their ids, all groups are equally large,
 * and all turns have one head (see `headOf`) and as many new tokens at most.
 */
export type Decode = (groups: readonly (readonly Turn[])[]) => Promise<void>

/** Opens sessions over one way of decoding. `standard` is the budget of those that name none. */
export function sessionsOver(decode: Decode, standard: number): (options?: SessionOptions) => Session {
  let last: Promise<void> = Promise.resolve()
  /** After all that was asked of this policy before: two batches would share its working memory. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  return ({ budget = standard } = {}) => {
    let waiting: Turn[] = []
    let planned: Turn[] = []
    let working = false
    async function work(): Promise<void> {
      // What is submitted in one go starts together.
      await new Promise((resolve) => setImmediate(resolve))
      while (waiting.length > 0) {
        planned = waiting.filter(({ over }) => !over)
        waiting = []
        for (const batch of plan(planned, budget))
          await inTurn(() => decode(batch)).catch((cause) => batch.flat().forEach((turn) => turn.fail(cause)))
      }
      working = false
    }
    const begin = (turn: Turn) => {
      waiting.push(turn)
      if (!working) void work()
      working = true
    }
    return {
      budget,
      submit: (request) => slotOf(request, begin),
      close: () => [...planned, ...waiting].forEach((turn) => turn.fail(new Error('the session was closed'))),
    }
  }
}

/** A slot that writes from the start, or rests where another one does. */
function slotOf(request: SlotRequest, begin: (turn: Turn) => void, rested?: Promise<Completion>): Slot {
  let { ids, sampling } = request
  const { key, origin = ids.length, onToken } = request
  let turn: Turn | undefined
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
      ...(onToken && { onToken }),
      get over() {
        return over
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
      return slotOf({ ids, sampling, key: other, origin }, begin, completion)
    },
    release: () => turn?.fail(new Error('the slot was released before it ended')),
  }
}

/** Turns of one kind that share a prompt are a group; groups of like size and length run together. */
function plan(turns: readonly Turn[], budget: number): Turn[][][] {
  const groups: Turn[][] = []
  const open = new Map<string, Turn[]>()
  for (const turn of turns) {
    const key = `${kindOf(turn)} ${turn.ids.join()}`
    let group = open.get(key)
    if (!group || turn.ids.length + (group.length + 1) * turn.sampling.maxNewTokens > budget) {
      open.set(key, (group = []))
      groups.push(group)
    }
    group.push(turn)
  }
  const batches: Turn[][][] = []
  for (const group of groups.toSorted(byShape)) {
    const batch = batches.at(-1)
    if (batch && fits(batch, group, budget)) batch.push(group)
    else batches.push([group])
  }
  return batches.map((batch) => batch.map((group) => filled(group, batch[0]!.length)))
}

/** Most rows of a batch over those that are written. */
const FILLED = 1.25

/** Where groups of a batch are of several sizes, the first is the largest; a few rows without a turn make up for the others. */
function fits(batch: readonly (readonly Turn[])[], group: readonly Turn[], budget: number): boolean {
  const [first] = batch
  const rows = (batch.length + 1) * first!.length
  const prompt = Math.max(...[...batch, group].map(([turn]) => turn!.ids.length))
  return (
    kindOf(first![0]!) === kindOf(group[0]!) &&
    rows <= FILLED * (batch.flat().length + group.length) &&
    (batch.length + 1) * prompt + rows * group[0]!.sampling.maxNewTokens <= budget
  )
}

function filled(group: Turn[], size: number): Turn[] {
  const nobody = { ...group[0]!, over: true, end: () => {}, fail: () => {} }
  return [...group, ...Array.from({ length: size - group.length }, () => nobody)]
}

/** What the turns of a batch have in common. */
const kindOf = ({ sampling }: Turn): string => JSON.stringify([headOf(sampling), sampling.maxNewTokens])

function byShape(a: readonly Turn[], b: readonly Turn[]): number {
  const [first, second] = [kindOf(a[0]!), kindOf(b[0]!)]
  if (first !== second) return first < second ? -1 : 1
  return b.length - a.length || a[0]!.ids.length - b[0]!.ids.length
}
