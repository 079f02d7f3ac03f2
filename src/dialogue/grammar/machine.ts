// Reads text by a grammar, byte by byte: every way in which it can be read so far is a thread with a stack of what is to come.
import { next as after, isLive, newId, type State } from './regular.ts'
import type { Rule } from './rule.ts'

/** What is to come: a rule, then the rest; null is the end of the text. */
export interface Pending {
  id: number
  rule: Rule
  rest: Pending | null
  opened?: Opened
}

/** A way to read on: an automaton at work, and what comes after it. */
export interface Thread {
  id: number
  state: State
  rest: Pending | null
}

export interface Opened {
  threads: readonly Thread[]
  /** Everything may be over. */
  ends: boolean
}

/** All ways to read on after some text. */
export interface Place extends Opened {
  id: number
  to: Map<number, Place | null>
}

export interface Machine {
  start: Place
  /** Where a byte leads; null where it breaks the grammar. */
  next(place: Place, byte: number): Place | null
  /** The ways in which what is to come can begin. */
  open(pending: Pending | null): Opened
}

export function machine(grammar: Rule): Machine {
  const pendings = new Map<string, Pending>()
  const threads = new Map<string, Thread>()
  const places = new Map<string, Place>()
  const repeats = new Map<string, Rule>()

  function intern<Kept>(table: Map<string, Kept>, key: string, make: () => Kept): Kept {
    const known = table.get(key)
    if (known) return known
    const made = make()
    table.set(key, made)
    return made
  }

  const push = (rule: Rule, rest: Pending | null): Pending =>
    intern(pendings, `${rule.id} ${rest?.id}`, () => ({ id: newId(), rule, rest }))

  const threadOf = (state: State, rest: Pending | null): Thread =>
    intern(threads, `${state.id} ${rest?.id}`, () => ({ id: newId(), state, rest }))

  function placeOf({ threads, ends }: Opened): Place {
    const all = threads.toSorted((a, b) => a.id - b.id)
    const key = `${all.map(({ id }) => id).join()} ${ends}`
    return intern(places, key, () => ({ id: newId(), threads: all, ends, to: new Map() }))
  }

  /** A thread for a state, and what its end opens. */
  function reached(state: State, rest: Pending | null): Opened[] {
    const going = isLive(state) ? [{ threads: [threadOf(state, rest)], ends: false }] : []
    return state.accepts ? [...going, open(rest)] : going
  }

  function open(pending: Pending | null): Opened {
    if (pending === null) return { threads: [], ends: true }
    // A rule that begins with itself says nothing new.
    return (pending.opened ??= ((pending.opened = NONE), union(waysOf(pending))))
  }

  function waysOf({ rule, rest }: Pending): Opened[] {
    switch (rule.kind) {
      case 'terminal':
        return reached(rule.start, rest)
      case 'sequence':
        return [open(rule.parts.reduceRight<Pending | null>((rest, part) => push(part, rest), rest))]
      case 'choice':
        return rule.options.map((option) => open(push(option, rest)))
      case 'lazy':
        return [open(push(rule.make(), rest))]
      case 'repeat': {
        const { body, min, max } = rule
        const again = (): Rule =>
          intern(repeats, `${body.id} ${min} ${max}`, () => ({
            ...rule,
            id: newId(),
            min: Math.max(0, min - 1),
            max: max - 1,
          }))
        const once = open(push(body, max > 1 ? push(again(), rest) : rest))
        return min > 0 ? [once] : [once, open(rest)]
      }
    }
  }

  function next(place: Place, byte: number): Place | null {
    const known = place.to.get(byte)
    if (known !== undefined) return known
    const ways = place.threads.flatMap(({ state, rest }) => {
      const then = after(state, byte)
      return then ? reached(then, rest) : []
    })
    const found = union(ways)
    const to = found.threads.length > 0 || found.ends ? placeOf(found) : null
    place.to.set(byte, to)
    return to
  }

  return { start: placeOf(open(push(grammar, null))), next, open }
}

/** True where a text is of the grammar. */
export function reads(grammar: Rule, text: string): boolean {
  const { start, next } = machine(grammar)
  let place: Place | null = start
  for (const byte of Buffer.from(text)) place = place && next(place, byte)
  return place?.ends ?? false
}

const NONE: Opened = { threads: [], ends: false }

function union(ways: readonly Opened[]): Opened {
  if (ways.length === 1) return ways[0]!
  return { threads: [...new Set(ways.flatMap(({ threads }) => threads))], ends: ways.some(({ ends }) => ends) }
}
