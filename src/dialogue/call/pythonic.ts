// Reads calls written as Python: [f(a=1), g(b='x')], and Llama 3's built-in tools after its python tag.
import type { Call, Parsed } from './format.ts'
import type { Json } from '../../text/json.ts'
import { literal } from '../../text/python.ts'
import type { Node } from '../../text/python/node.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import { strip } from '../../text/python/text.ts'
import { toJson } from '../../text/python/json.ts'
import { PythonError } from '../../text/python/value.ts'
import { callLists, cutCall, type CutCall } from './python-list.ts'
import { Malformed, splitThink } from './read.ts'

/** Llama 4's. */
const MARKS = /<\|python_(?:start|end)\|>/g

/**
 * The first list of calls that reads; text may stand before and after it. `[]` alone is no call. Names and keys are taken as they
 * are written, Python's keywords too. Positional arguments are a fault.
 */
export function parsePythonic(completion: string): Parsed {
  const { think, text: whole, unfinished } = splitThink(completion, callLists)
  const plain = (text: string): string => text.replace(MARKS, '')
  const text = strip(whole)
  if (unfinished) return { think, calls: [], rest: text, fault: 'truncated: thinking without an end' }
  if (/^\s*\[\s*\]\s*$/.test(plain(text))) return { think, calls: [], rest: '', fault: null }
  let fault: string | null = null
  for (const { start, end, state, calls } of callLists(text)) {
    try {
      if (state === 'cut') throw new Malformed('the text ends inside a list of calls')
      if (state === 'broken') throw new Malformed('not a list of calls')
      return {
        think,
        calls: calls.map(toCall),
        rest: strip(plain(text.slice(0, start)) + plain(text.slice(end))),
        fault,
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      fault ??= `${state === 'cut' ? 'truncated' : 'malformed'}: ${error.message}`
    }
  }
  return { think, calls: [], rest: strip(plain(text)), fault }
}

/** One call expression, such as brave_search.call(query="x"). @throws Malformed */
export function readExpression(source: string): Call {
  return toCall(cutCall(source))
}

function toCall({ name, args }: CutCall): Call {
  if (name === '') throw new Malformed('not a call')
  const values = new Map<string, Json>()
  for (const arg of args) {
    const [head, key] = KEY.exec(arg) ?? []
    if (head === undefined || key === undefined) throw new Malformed('an argument without a name')
    if (values.has(key)) throw new Malformed(`the argument ${key} twice`)
    values.set(key, readLiteral(parse(arg.slice(head.length))))
  }
  return { name, arguments: Object.fromEntries(values) }
}

const KEY = /^([^\s()[\]{}'"=:*]+)\s*=(?!=)/

/** Line breaks count for nothing, as within the brackets of the call. */
function parse(source: string): Node {
  if (source.trim() === '') throw new Malformed('an argument without a value')
  try {
    return parseExpression(`(${source})`)
  } catch (error) {
    if (error instanceof PythonError) throw new Malformed(error.message)
    throw error
  }
}

/** JSON's true, false and null are read too: models mix them in. */
const JSON_WORDS: Record<string, Json> = { true: true, false: false, null: null }

function readLiteral(node: Node): Json {
  if (node.kind === 'Name' && Object.hasOwn(JSON_WORDS, node.id)) return JSON_WORDS[node.id] ?? null
  if (node.kind === 'List' || node.kind === 'Tuple') return node.items.map(readLiteral)
  if (node.kind === 'Dict') {
    return Object.fromEntries(
      node.entries.map(({ key, value }) => {
        if (key?.kind !== 'Constant' || typeof key.value !== 'string') throw new Malformed('a key must be text')
        return [key.value, readLiteral(value)]
      }),
    )
  }
  try {
    return toJson(literal(node))
  } catch (error) {
    if (error instanceof PythonError) throw new Malformed('an argument must be a literal')
    throw error
  }
}
