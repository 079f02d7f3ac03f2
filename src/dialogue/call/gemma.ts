// Gemma 4's calls: a name and an object of bare keys, whose texts stand between marks of their own and hold anything.
import type { Call, CallFormat, Parsed, Turn } from './format.ts'
import { dumpJson, isObject, keysOf, type Json, type JsonObject } from '../../text/json.ts'
import { endOfString } from '../../text/json/scan.ts'
import { strip } from '../../text/python/text.ts'
import { DEPTH_LIMIT, Malformed, readValue, splitThinkOf, type Part } from './read.ts'

const OPEN = '<|tool_call>'
const CLOSE = '<tool_call|>'
const QUOTE = '<|"|>'
const THOUGHT = { open: '<|channel>thought', close: '<channel|>' }

const HEAD = /<\|tool_call>\s*call:\s*([\w.-]{1,300})\s*(?=\{)/g
const TAIL = /\s*(?:<tool_call\|>|$)/y
const SPACE = /\s*/y
/** Up to the colon. */
const KEY = /([^\s:{}[\],<]{1,300})\s*:/y
const WORD = /[^,\]}<]{1,400}/y

interface Block extends Part {
  state: 'whole' | 'cut' | 'broken'
  name: string
  arguments: JsonObject
}

/** The text ends inside a value. */
class Cut extends Error {}

/** The calls of a text in order; time is linear in it. */
function* blocks(text: string): Generator<Block> {
  for (let from = 0; ;) {
    HEAD.lastIndex = from
    const head = HEAD.exec(text)
    if (!head) return
    const block: Block = { start: head.index, end: HEAD.lastIndex, state: 'broken', name: head[1]!, arguments: {} }
    try {
      const { value, end } = readObject(text, block.end, 0)
      TAIL.lastIndex = block.end = end
      if (TAIL.test(text)) [block.state, block.arguments, block.end] = ['whole', value, TAIL.lastIndex]
    } catch (error) {
      if (error instanceof Cut) [block.state, block.end] = ['cut', text.length]
      else if (!(error instanceof Malformed)) throw error
    }
    yield block
    from = block.end
  }
}

interface Read<T extends Json = Json> {
  value: T
  end: number
}

function readObject(text: string, start: number, depth: number): Read<JsonObject> {
  const entries: [string, Json][] = []
  const end = readItems(text, start, '}', (at) => {
    const { value: key, end } = readKey(text, at)
    const { value, end: after } = readAny(text, end, depth)
    entries.push([key, value])
    return after
  })
  return { value: Object.fromEntries(entries), end }
}

/** What stands between a bracket at `start` and its `close`, between commas. Returns the index past it. */
function readItems(text: string, start: number, close: string, item: (at: number) => number): number {
  let at = past(text, start + 1)
  while (text[at] !== close) {
    at = past(text, item(at))
    if (text[at] === ',') at = past(text, at + 1)
    else if (at >= text.length) throw new Cut()
    else if (text[at] !== close) throw new Malformed(`expected , or ${close}`)
  }
  return at + 1
}

function readKey(text: string, at: number): Read<string> {
  if (text.startsWith(QUOTE, at)) {
    const { value, end } = readQuoted(text, at)
    const colon = past(text, end)
    if (text[colon] === ':') return { value, end: colon + 1 }
  }
  KEY.lastIndex = at
  const key = KEY.exec(text)
  if (key) return { value: key[1]!, end: KEY.lastIndex }
  throw at + 300 >= text.length && !text.slice(at).includes(':') ? new Cut() : new Malformed('expected a key')
}

function readAny(text: string, from: number, depth: number): Read {
  const at = past(text, from)
  if (at >= text.length) throw new Cut()
  if (depth > DEPTH_LIMIT) throw new Malformed('nested too deep')
  if (text.startsWith(QUOTE, at)) return readQuoted(text, at)
  if (text[at] === '{') return readObject(text, at, depth + 1)
  if (text[at] === '[') {
    const items: Json[] = []
    const end = readItems(text, at, ']', (place) => {
      const { value, end } = readAny(text, place, depth + 1)
      items.push(value)
      return end
    })
    return { value: items, end }
  }
  if (text[at] === '"') {
    const end = endOfString(text, at) + 1
    if (end > text.length) throw new Cut()
    return { value: readValue(text.slice(at, end)), end }
  }
  WORD.lastIndex = at
  const word = WORD.exec(text)?.[0] ?? ''
  if (at + word.length >= text.length) throw new Cut()
  return { value: typed(strip(word)), end: at + word.length }
}

function readQuoted(text: string, at: number): Read<string> {
  const start = at + QUOTE.length
  const end = text.indexOf(QUOTE, start)
  if (end < 0) throw new Cut()
  return { value: text.slice(start, end), end: end + QUOTE.length }
}

function past(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.test(text)
  return SPACE.lastIndex
}

/** A bare word is JSON's or Python's, or else a text without its marks. */
function typed(word: string): Json {
  if (word === 'None') return null
  try {
    return readValue(word)
  } catch (error) {
    if (error instanceof Malformed) return word
    throw error
  }
}

function parse(completion: string): Parsed {
  const { think, text, unfinished } = splitThinkOf(completion, blocks, THOUGHT)
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  const calls: Call[] = []
  let rest = ''
  let fault: string | null = null
  let at = 0
  for (const { start, end, state, ...call } of blocks(text)) {
    if (state === 'whole') {
      calls.push(call)
      rest += text.slice(at, start)
      at = end
    } else fault ??= state === 'cut' ? 'truncated: the text ends inside a call' : `malformed: the call of ${call.name}`
  }
  rest += text.slice(at)
  if (rest.includes(OPEN)) fault ??= `malformed: ${OPEN} without a call`
  return { think, calls, rest: strip(rest), fault }
}

function write({ think, text, calls }: Turn): string {
  const thought = think === null ? '' : `${THOUGHT.open}\n${think}\n${THOUGHT.close}`
  return thought + text + calls.map((call) => `${OPEN}call:${call.name}${spelt(call.arguments)}${CLOSE}`).join('')
}

/** As the template's dictsort has it: keys in order, whatever their case. */
function spelt(value: Json): string {
  if (typeof value === 'string') return QUOTE + value + QUOTE
  if (Array.isArray(value)) return `[${value.map(spelt).join(',')}]`
  if (!isObject(value)) return dumpJson(value)
  const sorted = keysOf(value).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
  return `{${sorted.map((key) => `${keySpelt(key)}:${spelt(value[key]!)}`).join(',')}}`
}

const keySpelt = (key: string): string => (/^[^\s:{}[\],<]{1,300}$/.test(key) ? key : QUOTE + key + QUOTE)

export const gemma4: CallFormat = {
  what: 'Gemma 4: <|tool_call>call:NAME{key:<|"|>text<|"|>,…}<tool_call|>',
  opens: [OPEN],
  thought: THOUGHT,
  parse,
  write,
}
