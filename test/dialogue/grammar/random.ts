// Random tools and a random model: what a grammar must hold for, whatever is asked and whoever answers.
import type { Tokenizer } from '../../../src/dialogue/chat.ts'
import type { Constraint } from '../../../src/dialogue/constrain.ts'
import type { Offered } from '../../../src/dialogue/grammar/frame.ts'
import { stream } from '../../../src/rng.ts'
import type { Json, JsonObject } from '../../../src/text/json.ts'

const NAMES = ['city', 'days', 'unit', 'note', 'flag', 'item', 'to', 'a b', 'größe', 'x/y', '12']
const PYTHON_NAMES = NAMES.filter((name) => /^[\p{L}_]\w*$/u.test(name))
const WORDS = ['red', 'green', 'it is', '"quoted"', "it's", 'a\\b', 'zwölf', 'line\nbreak', '', '東京']
const PATTERNS = ['^[a-z]{2,4}$', '^\\d{3}-\\d{2}$', 'ab+', '^(yes|no)?$', '[^x]$', '^v\\d+(\\.\\d+)*$']

/** One to three tools; names of arguments that Python can write where that is asked for. */
export function randomTools(seed: number, { python = false } = {}): Offered[] {
  const next = stream(seed)
  const below = (count: number): number => Math.floor(next() * count)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)]!
  const often = (share: number): boolean => next() < share

  function scalar(): JsonObject {
    const from = below(400) - 200
    return pick<() => JsonObject>([
      () => ({ type: 'string', ...(often(0.4) && { minLength: below(3), maxLength: 3 + below(6) }) }),
      () => ({ type: 'string', pattern: pick(PATTERNS) }),
      () => ({ type: 'integer', ...(often(0.7) && { minimum: from, maximum: from + below(300) }) }),
      () => ({ type: 'integer', ...(often(0.5) && { exclusiveMinimum: from }) }),
      () => ({ type: 'number', ...(often(0.7) && { minimum: from, exclusiveMaximum: from + 1 + below(300) }) }),
      () => ({ type: 'number', exclusiveMinimum: -below(3), maximum: below(3) }),
      () => ({ type: 'boolean' }),
      () => ({ type: ['string', 'null'] }),
      () => ({ type: ['integer', 'boolean'] }),
      () => ({ enum: [pick(WORDS), pick(WORDS), below(9), null, true, [1, { a: pick(WORDS) }]] }),
      () => ({ type: 'string', enum: [pick(WORDS), pick(WORDS)] }),
      () => ({ const: pick<Json>([...WORDS, 3, -1.5]) }),
    ])()
  }

  function schema(depth: number): JsonObject | boolean {
    if (depth === 0 || often(0.55)) return scalar()
    const inner = () => schema(depth - 1)
    return pick<() => JsonObject | boolean>([
      () => ({ type: 'array', items: inner(), ...(often(0.5) && { minItems: below(2), maxItems: 1 + below(3) }) }),
      () => ({ type: 'array', prefixItems: [inner(), inner()], items: often(0.5) ? false : inner(), minItems: 2 }),
      () => object(depth - 1, NAMES),
      () => ({ anyOf: [inner(), inner()] }),
      () => ({ oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'array', items: inner() }] }),
      () => ({ type: 'object', additionalProperties: inner() }),
      () => ({ allOf: [object(depth - 1, NAMES), { required: ['to'], properties: { to: scalar() } }] }),
      () => ({ $ref: pick(['#/$defs/list', '#/$defs/leaf']) }),
      () => often(0.3) || {},
    ])()
  }

  function object(depth: number, names: readonly string[]): JsonObject {
    const chosen = [...new Set(Array.from({ length: below(4) }, () => pick(names)))]
    const properties = Object.fromEntries(chosen.map((name) => [name, schema(depth)]))
    const extra = often(0.2) ? { additionalProperties: scalar() } : { additionalProperties: false }
    return { type: 'object', properties, required: chosen.filter(() => often(0.5)), ...extra }
  }

  return Array.from({ length: 1 + below(3) }, (_, i) => ({
    name: `${pick(['get_', 'set_', 'a.'])}${i}`,
    parameters: {
      ...object(2, python ? PYTHON_NAMES : NAMES),
      $defs: {
        leaf: scalar(),
        list: {
          type: 'object',
          properties: { value: scalar(), next: { anyOf: [{ $ref: '#/$defs/list' }, { type: 'null' }] } },
          required: ['value'],
          additionalProperties: false,
        },
      },
    },
  }))
}

/**
 * What a random model writes within a constraint: tokens with random weights, those that close something the heavier the longer it
 * gets. `ended` where it came to an end in time.
 */
export function randomText(
  constraint: Constraint,
  tokenizer: Tokenizer,
  { seed, tokens }: { seed: number; tokens: number },
): { ids: number[]; text: string; ended: boolean } {
  const next = stream(seed, 1)
  const ids: number[] = []
  while (ids.length < tokens) {
    const allowed = tokensOf(constraint.mask(ids))
    const closing = allowed.filter((id) => closes(id, tokenizer))
    const some = closing.length > 0 && next() < 0.3 + ids.length / tokens ? closing : allowed
    const id = some[Math.floor(next() * some.length)]!
    if (tokenizer.eosIds.includes(id)) return { ids, text: tokenizer.decode(ids), ended: true }
    ids.push(id)
  }
  return { ids, text: tokenizer.decode(ids), ended: false }
}

/** The ids of a mask. */
export function tokensOf(mask: Uint32Array): number[] {
  const ids: number[] = []
  mask.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) ids.push(32 * i + bit)
  })
  return ids
}

const closing = new WeakMap<Tokenizer, Map<number, boolean>>()

function closes(id: number, tokenizer: Tokenizer): boolean {
  const known = closing.get(tokenizer) ?? new Map<number, boolean>()
  closing.set(tokenizer, known)
  const answer =
    known.get(id) ?? (tokenizer.eosIds.includes(id) || /^["'\])}<]|^ null|^null/.test(tokenizer.decode([id])))
  known.set(id, answer)
  return answer
}
