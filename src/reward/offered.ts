// What a reward of the user's own may import from 'hone': the parsers, and the comparison of calls.
import { findFormat } from '../dialogue/call.ts'
import type { Call } from '../dialogue/call/format.ts'
import { exactMatch } from '../eval/match.ts'
import { isObject, parseJson, plainJson, type Json } from '../text/json.ts'
import { scan } from '../text/json/scan.ts'

/** Calls as they were read, by what a reward was given in their place: plain JavaScript does not tell 5 from 5.0. */
const written = new WeakMap<object, Call>()

/** A row as a reward is given it, in plain JavaScript. */
export function plainRow(row: Json): unknown {
  const plain = plainJson(row)
  if (isObject(row) && Array.isArray(row['answer'])) rememberCalls(row['answer'], Object(plain)['answer'])
  return plain
}

function rememberCalls(calls: readonly Json[], plain: readonly unknown[]): void {
  for (const [i, call] of calls.entries()) {
    const place = plain[i]
    if (isObject(call) && typeof call['name'] === 'string' && typeof place === 'object' && place !== null)
      written.set(place, { name: call['name'], arguments: call['arguments'] ?? {} })
  }
}

/** The module: see the declarations that `hone init reward` writes. */
const offered = {
  /** Thought, calls, the rest and the first fault of a text. Never throws for a text; @throws HoneError for a format that there is not. */
  parse(text: string, format = 'tool-n1') {
    const { think, calls, rest, fault } = findFormat(format).parse(text)
    const plain = calls.map((call) => plainJson({ name: call.name, arguments: call.arguments }))
    rememberCalls(
      calls.map((call) => ({ name: call.name, arguments: call.arguments })),
      plain,
    )
    return { think, calls: plain, rest, fault }
  },
  /** Calls that are the whole of a text: a JSON list of {"name", "arguments"}. @throws Error for anything else, and for a key that stands twice. */
  readCalls(text: string): unknown[] {
    const value = parseJson(text)
    if (!Array.isArray(value) || !value.every(isCall)) throw new Error('not a list of calls')
    if (keysOfText(text) !== keysOfValue(value)) throw new Error('a key stands twice')
    const plain = value.map(plainJson)
    rememberCalls(value, plain)
    return plain
  },
  /** The same calls with the same arguments, in any order. */
  sameCalls(given: readonly unknown[], expected: readonly unknown[]): boolean {
    return exactMatch(given.map(readCall), expected.map(readCall))
  },
}

function readCall(call: unknown): Call {
  const known = typeof call === 'object' && call !== null ? written.get(call) : undefined
  if (known) return known
  const { name, arguments: values } = Object(call)
  return { name: String(name), arguments: values ?? {} }
}

const isCall = (value: Json): boolean =>
  isObject(value) && typeof value['name'] === 'string' && isObject(value['arguments'])

function keysOfText(text: string): number {
  let count = 0
  scan(text, { key: () => void count++ })
  return count
}

function keysOfValue(value: Json): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + keysOfValue(each), 0)
  if (!isObject(value)) return 0
  return Object.values(value).reduce<number>((sum, each) => sum + keysOfValue(each), Object.keys(value).length)
}

let isOffered = false

/** Let files that are loaded from now on import it. */
export function offerModule(): void {
  if (isOffered) return
  isOffered = true
  Bun.plugin({
    name: 'hone',
    setup: (build) => void build.module('hone', () => ({ exports: offered, loader: 'object' })),
  })
}
