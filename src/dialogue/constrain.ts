// Holding a model to the calls of its tools: what may come after the tokens that it has written, and what must.
import type { CallFormat } from './call/format.ts'
import type { Tokenizer } from './chat.ts'
import { HoneError } from '../error.ts'
import { TAGS, turnGrammar, type FrameOptions, type Grammar, type Notice, type Offered } from './grammar/frame.ts'
import { machine, type Machine, type Place } from './grammar/machine.ts'
import { masksOver, type Mask, type Masks } from './grammar/masks.ts'
import { automata, literal, next } from './grammar/regular.ts'
import { either, inRow, never, nothing, terminal } from './grammar/rule.ts'
import { trieOf } from './grammar/trie.ts'

/** A grammar over the tokens of a model. */
export interface Constraint {
  /** The tokens that may come after those written so far. A list that is asked about again may only have grown. */
  mask(written: readonly number[]): Mask
  /** The tokens that must come, as the model would write them; a guess where text can be cut in several ways. */
  forced(written: readonly number[]): readonly number[]
  notices: readonly Notice[]
}

export interface Constrainer {
  /** What holds a turn of a model to these tools. */
  calls(format: CallFormat, tools: readonly Offered[], options: FrameOptions): Constraint
  /** What holds it to any grammar. */
  grammar(grammar: Grammar): Constraint
}

/** Bytes of most tokens. */
const SHORT = 16

/** Over a tokenizer and so many ids of its model. @throws HoneError where tokens are no stretches of bytes. */
export function constrainer(
  tokenizer: Pick<Tokenizer, 'encode' | 'eosIds' | 'pieces'>,
  vocabulary: number,
): Constrainer {
  const found = tokenizer.pieces?.()
  if (!found)
    throw new HoneError('Cannot constrain the model: its tokens are not stretches of bytes', {
      hint: 'use a tokenizer with a ByteLevel or SentencePiece decoder, or --constrain none',
    })
  const { pieces, strips } = found
  const text = pieces.filter(
    ({ id, bytes, special }) =>
      id < vocabulary && !tokenizer.eosIds.includes(id) && (!special || TAGS.includes(Buffer.from(bytes).toString())),
  )
  const bytesOf = new Map(text.map(({ id, bytes }) => [id, bytes]))
  const [short, long] = [true, false].map((is) => text.filter(({ bytes }) => bytes.length <= SHORT === is))
  const masks = masksOver([trieOf(short!), trieOf(long!)], tokenizer.eosIds, vocabulary)
  const parts = { tokenizer, masks, bytesOf }
  const space = terminal(automata()(literal(' ')))
  const grammar: Constrainer['grammar'] = ({ rule, notices }) => {
    if (rule === never)
      throw new HoneError('Cannot constrain the model: no call of these tools can be written', {
        hint: 'a schema among them allows no value, or a name has no place in the format',
      })
    // The space that decoding takes away from the front.
    const whole = strips ? inRow(either(space, nothing), rule) : rule
    return { ...constraintOf(machine(whole), parts), notices }
  }
  return { grammar, calls: (format, tools, options) => grammar(turnGrammar(grammarOf(format), tools, options)) }
}

/** The grammar of a format. @throws HoneError where it has none. */
export function grammarOf({ what, grammar }: CallFormat) {
  if (grammar) return grammar
  throw new HoneError(`Cannot constrain calls of this format: ${what}`, {
    hint: 'formats with a grammar: tool-n1, hermes, llama3-json, pythonic; --parser names one, --constrain none does without',
  })
}

interface Parts {
  tokenizer: Pick<Tokenizer, 'encode'>
  masks: Masks
  bytesOf: ReadonlyMap<number, Uint8Array>
}

function constraintOf(machine: Machine, { tokenizer, masks, bytesOf }: Parts): Omit<Constraint, 'notices'> {
  const read = new WeakMap<readonly number[], { count: number; place: Place | null }>()

  /** Where the tokens lead: from where they led before, as far as they are known. */
  function placeAfter(written: readonly number[]): Place | null {
    const known = read.get(written)
    let { count, place } =
      known && known.count <= written.length ? known : { count: 0, place: machine.start as Place | null }
    for (; count < written.length && place; count++) {
      const bytes = bytesOf.get(written[count]!)
      if (!bytes) place = null
      else for (const byte of bytes) place = place && machine.next(place, byte)
    }
    read.set(written, { count: written.length, place })
    return place
  }

  return {
    mask(written) {
      const place = placeAfter(written)
      return masks.at(machine, place ?? OVER)
    },
    forced(written) {
      const place = placeAfter(written)
      const bytes = place ? onlyWay(machine, place) : []
      return bytes.length === 0 ? [] : tokenizer.encode(Buffer.from(bytes).toString())
    },
  }
}

/** After what ended the text, or broke it: nothing but an end. */
const OVER: Place = { id: -1, threads: [], ends: true, to: new Map() }

/** Longest stretch that is foretold. */
const FORETOLD = 256

/** The bytes that must come, as long as there is one. */
function onlyWay(machine: Machine, place: Place): number[] {
  const bytes: number[] = []
  while (bytes.length < FORETOLD && !place.ends) {
    let only: number | undefined
    for (const { state } of place.threads)
      for (let byte = 0; byte < 256; byte++)
        if (next(state, byte)) {
          if (only !== undefined && only !== byte) return bytes
          only = byte
        }
    const to = only === undefined ? null : machine.next(place, only)
    if (!to) return bytes
    bytes.push(only!)
    place = to
  }
  return bytes
}
