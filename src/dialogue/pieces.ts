// The bytes that each token of a tokenizer stands for, from the vocabulary and the decoder of its file.
import * as v from 'valibot'

/** A token and its text in bytes. */
export interface Piece {
  id: number
  bytes: Uint8Array
  /** No text: it opens or ends turns, pads, and the like. */
  special: boolean
}

export interface Pieces {
  pieces: readonly Piece[]
  /** Decoding takes away the space that a text begins with. */
  strips: boolean
}

const Id = v.pipe(v.number(), v.integer(), v.minValue(0))
const Decoder = v.looseObject({ type: v.string() })
const File = v.looseObject({
  model: v.looseObject({ vocab: v.custom<Vocabulary>((vocab) => typeof vocab === 'object' && vocab !== null) }),
  added_tokens: v.optional(
    v.array(v.looseObject({ id: Id, content: v.string(), special: v.optional(v.boolean(), false) })),
    [],
  ),
  decoder: v.nullish(v.looseObject({ type: v.string(), decoders: v.optional(v.array(Decoder), []) })),
})
/** Ids by token, or tokens in the order of their ids, each with its score. Read by hand: it is long. */
type Vocabulary = Record<string, number> | [token: string, score: number][]

/** The pieces of a tokenizer.json; undefined where its tokens are no stretches of bytes. */
export function piecesOf(file: unknown): Pieces | undefined {
  const read = v.safeParse(File, file)
  if (!read.success || !read.output.decoder) return undefined
  const { model, added_tokens: added, decoder } = read.output
  const steps = [decoder, ...decoder.decoders].map(({ type }) => type)
  const isBytes = steps.includes('ByteLevel')
  if (!isBytes && !steps.some((type) => ['Metaspace', 'ByteFallback', 'Replace'].includes(type))) return undefined
  const bytesOf = isBytes ? byteLevel : spaced
  const vocab: [string, number][] = Array.isArray(model.vocab)
    ? model.vocab.map(([token], id) => [token, id])
    : Object.entries(model.vocab)
  const taken = new Set(added.map(({ id }) => id))
  const plain = vocab
    .filter(([, id]) => !taken.has(id))
    .flatMap(([token, id]) => {
      const bytes = bytesOf(token)
      return bytes ? [{ id, bytes, special: false }] : []
    })
  const whole = added.map(({ id, content, special }) => ({ id, bytes: new Uint8Array(Buffer.from(content)), special }))
  return { pieces: [...plain, ...whole], strips: steps.includes('Strip') || steps.includes('Metaspace') }
}

/** GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for the letters from U+0100 on. */
const alphabet: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  let hidden = 0x100
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCharCode(printable(byte) ? byte : hidden++), byte]),
  )
})()

function byteLevel(token: string): Uint8Array | undefined {
  const bytes = Array.from(token, (letter) => alphabet.get(letter))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined
}

/** SentencePiece: ▁ for a space, <0x0A> for a byte. */
function spaced(token: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1]
  return byte === undefined
    ? new Uint8Array(Buffer.from(token.replaceAll('\u2581', ' ')))
    : Uint8Array.of(Number.parseInt(byte, 16))
}
