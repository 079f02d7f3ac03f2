// Regular expressions over bytes, and their automata, built state by state as text is read.

/** A set of bytes, 1 where one is in it [256]; parts in a row; one of several; a body so many times. */
export type Regex =
  | { id: number; kind: 'set'; bytes: Uint8Array }
  | { id: number; kind: 'sequence'; parts: readonly Regex[] }
  | { id: number; kind: 'choice'; options: readonly Regex[] }
  | { id: number; kind: 'repeat'; body: Regex; min: number; max: number }

/** A state of an automaton that reads bytes. */
export interface State {
  readonly id: number
  /** The text may end here. */
  readonly accepts: boolean
  /** Where each byte leads, as far as it is known: null where nowhere. */
  readonly to: (State | null | undefined)[]
  /** Where a byte leads, computed. */
  step(byte: number): State | null
  /** A state from which every text of at most so many bytes goes as well as from here; few states for many counts. */
  far?(length: number): State
}

let ids = 0
/** Names regular expressions, states, rules and stacks, so that equal ones are found by it. */
export const newId = (): number => ids++

export function next(state: State, byte: number): State | null {
  const known = state.to[byte]
  return known === undefined ? (state.to[byte] = state.step(byte)) : known
}

/** True where some byte leads on. */
export function isLive(state: State): boolean {
  for (let byte = 0; byte < 256; byte++) if (next(state, byte)) return true
  return false
}

export type Range = readonly [first: number, last: number]

export function bytes(...ranges: readonly Range[]): Regex {
  const set = new Uint8Array(256)
  for (const [first, last] of ranges) set.fill(1, first, last + 1)
  return { id: newId(), kind: 'set', bytes: set }
}

export const sequence = (...parts: readonly Regex[]): Regex => ({ id: newId(), kind: 'sequence', parts })
export const choice = (...options: readonly Regex[]): Regex => ({ id: newId(), kind: 'choice', options })
export const repeat = (body: Regex, min: number, max: number): Regex => ({
  id: newId(),
  kind: 'repeat',
  body,
  min,
  max,
})
export const optional = (body: Regex): Regex => repeat(body, 0, 1)

const single = Array.from({ length: 256 }, (_, byte) => bytes([byte, byte]))
export const literal = (text: string): Regex => sequence(...Array.from(Buffer.from(text), (byte) => single[byte]!))
/** One of the ASCII characters of a text. */
export const oneOf = (text: string): Regex =>
  bytes(...Array.from(text, (letter): Range => [letter.charCodeAt(0), letter.charCodeAt(0)]))

/** What is still to be read: an expression, then the rest. Of a repetition its counts change on the way. */
interface Frame {
  id: number
  node: Regex
  min: number
  max: number
  rest: Frame | null
}

/** The states of one automaton's expression. Expressions that share parts share states. */
export function automata(): (regex: Regex) => State {
  const frames = new Map<string, Frame>()
  const states = new Map<string, State>()

  function push(node: Regex, rest: Frame | null, min = 0, max = 0): Frame {
    if (node.kind === 'repeat' && max === 0) [min, max] = [node.min, node.max]
    // Of a repetition only the body and what is left of the counts matter.
    const id = node.kind === 'repeat' ? `${node.body.id}*` : node.id
    const key = `${id} ${min} ${max} ${rest?.id}`
    const known = frames.get(key)
    if (known) return known
    const frame = { id: newId(), node, min, max, rest }
    frames.set(key, frame)
    return frame
  }

  /** Adds the frames that read a byte next to `leaves`. True where everything may be over. */
  function open(frame: Frame | null, leaves: Map<number, Frame>): boolean {
    if (frame === null) return true
    const { node, min, max, rest } = frame
    if (node.kind === 'set') {
      leaves.set(frame.id, frame)
      return false
    }
    if (node.kind === 'sequence')
      return open(
        node.parts.reduceRight<Frame | null>((rest, part) => push(part, rest), rest),
        leaves,
      )
    if (node.kind === 'choice')
      return node.options.map((option) => open(push(option, rest), leaves)).some((over) => over)
    const after = max === 1 ? rest : push(node, rest, Math.max(0, min - 1), max - 1)
    if (max > 0) open(push(node.body, after), leaves)
    return min === 0 && open(rest, leaves)
  }

  function stateOf(leaves: ReadonlyMap<number, Frame>, accepts: boolean): State {
    const all = [...leaves.values()].toSorted((a, b) => a.id - b.id)
    const key = `${all.map(({ id }) => id).join()} ${accepts}`
    const known = states.get(key)
    if (known) return known
    const state: State = {
      id: newId(),
      accepts,
      to: new Array<undefined>(256),
      step: (byte) => after(all.flatMap(({ node, rest }) => (node.kind === 'set' && node.bytes[byte] ? [rest] : []))),
      far: (length) =>
        stateOf(new Map(all.map((leaf) => clipped(leaf, length)).map((leaf) => [leaf.id, leaf])), accepts),
    }
    states.set(key, state)
    return state
  }

  function after(rests: readonly (Frame | null)[]): State | null {
    if (rests.length === 0) return null
    const leaves = new Map<number, Frame>()
    const over = rests.map((rest) => open(rest, leaves)).some((over) => over)
    return stateOf(leaves, over)
  }

  /** Counts that so many bytes cannot come to the end of are all alike. */
  function clipped(frame: Frame, length: number): Frame {
    const { node, min, max } = frame
    const rest = frame.rest && clipped(frame.rest, length)
    return push(node, rest, Math.min(min, length + 1), max > length ? Infinity : max)
  }

  return (regex) => after([push(regex, null)])!
}
