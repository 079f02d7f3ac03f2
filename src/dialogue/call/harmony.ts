// gpt-oss's turns in OpenAI's Harmony form: messages on channels, of which one is thinking and calls go to functions.
import type { Call, CallFormat, Parsed, Turn } from './format.ts'
import { spanOf } from '../../text/json/scan.ts'
import { strip } from '../../text/python/text.ts'
import { Malformed, readArguments, readValue, splitThink } from './read.ts'
import { argumentsText } from './write.ts'

const BODY = '<|message|>'
const START = '<|start|>assistant'
const CALL_END = '<|call|>'
const MESSAGE_END = '<|end|>'
/** What ends a body. */
const ENDS = /<\|(?:end|call|return|start|channel)\|>/g
/** What begins a header. */
const HEADER = /<\|(?:start|channel)\|>/g

interface Message {
  /** Text that stands before the header. */
  before: string
  channel: string
  /** To whom a call goes; undefined for what is said. */
  recipient: string | undefined
  body: string
  /** Its end was written. */
  ended: boolean
}

/** The messages of a text, whose recipient may stand before or after the channel; then the text behind them. */
function* messages(text: string): Generator<Message | string> {
  let at = 0
  for (let mark = text.indexOf(BODY); mark >= 0; mark = text.indexOf(BODY, at)) {
    const whole = text.slice(at, mark)
    HEADER.lastIndex = 0
    const begin = HEADER.exec(whole)?.index ?? 0
    const header = whole.slice(begin)
    const recipient = /\bto=([^\s<]{1,300})/.exec(header)?.[1]
    const start = mark + BODY.length
    const open = start + /^\s*/.exec(text.slice(start, start + 100))![0].length
    // In the strings of a call's JSON marks are data.
    const span = recipient !== undefined && text[open] === '{' ? spanOf(text, open, true) : undefined
    ENDS.lastIndex = span?.closed ? span.end : start
    const end = ENDS.exec(text)
    const stop = end?.index ?? text.length
    yield {
      before: whole.slice(0, begin),
      channel: /<\|channel\|>\s*(\w+)/.exec(header)?.[1] ?? 'final',
      recipient,
      body: text.slice(start, stop),
      ended: end !== null,
    }
    at = end && /end|call|return/.test(end[0]) ? ENDS.lastIndex : stop
  }
  yield text.slice(at)
}

function parse(completion: string): Parsed {
  if (!completion.includes(BODY)) {
    const { think, text, unfinished } = splitThink(completion)
    const cut = unfinished ? 'truncated: thinking without an end' : null
    return { think, calls: [], rest: strip(withoutMarks(text)), fault: cut ?? cutHeader(completion) }
  }
  const thoughts: string[] = []
  const calls: Call[] = []
  const rest: string[] = []
  let fault: string | null = null
  for (const message of messages(completion)) {
    if (typeof message === 'string') {
      rest.push(message)
      fault ??= cutHeader(message)
      continue
    }
    const { before, channel, recipient, body, ended } = message
    rest.push(before)
    if (recipient !== undefined) {
      try {
        calls.push({ name: recipient.replace(/^functions\./, ''), arguments: readArguments(readValue(strip(body))) })
      } catch (error) {
        if (!(error instanceof Malformed)) throw error
        fault ??= `${ended ? 'malformed' : 'truncated'}: ${error.message}`
        rest.push(body)
      }
    } else if (channel !== 'analysis') rest.push(body)
    else {
      thoughts.push(strip(body))
      if (!ended) fault ??= 'truncated: thinking without an end'
    }
  }
  const said = rest.map((piece) => strip(withoutMarks(piece))).filter((piece) => piece !== '')
  return { think: thoughts.length > 0 ? thoughts.join('\n') : null, calls, rest: said.join('\n'), fault }
}

/** A call that breaks off before its arguments. */
const cutHeader = (text: string): string | null =>
  /<\|channel\|>[^<]*\bto=|<\|start\|>assistant[^<]*\bto=/.test(text) ? 'truncated: a call without arguments' : null

const withoutMarks = (text: string): string => text.replace(/<\|start\|>(?:assistant)?|<\|(?:end|return|call)\|>/g, '')

/** What a turn begins after `<|start|>assistant`; the last message is left to the token that ends the turn, a call to its own. */
function write({ think, text, calls }: Turn): string {
  const said =
    text === '' && calls.length > 0 ? [] : [{ channel: calls.length > 0 ? 'commentary' : 'final', body: text }]
  const thought = think === null ? [] : [{ channel: 'analysis', body: think }]
  const spoken = [...thought, ...said].map(({ channel, body }) => `<|channel|>${channel}${BODY}${body}`)
  const called = calls.map(
    (call) =>
      `<|channel|>commentary to=functions.${call.name} <|constrain|>json${BODY}${argumentsText(call)}${CALL_END}`,
  )
  return [
    ...spoken.map((each, i) => (i < spoken.length - 1 || called.length > 0 ? each + MESSAGE_END : each)),
    ...called,
  ].join(START)
}

export const gptOss: CallFormat = {
  what: 'gpt-oss (Harmony): <|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>',
  opens: ['<|start|>', '<|channel|>', BODY],
  parse,
  write,
}
