// What a client was answered, as trajectories: a request whose messages go on from an answer goes on from its tokens.
import { continuationIds, forgetsThought } from '../dialogue/continuation.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import { openedThought } from '../dialogue/prompt.ts'
import type { Message, ToolCall } from '../dialogue/row.ts'
import type { CallFormat } from '../dialogue/call/format.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { Turn } from '../rl/record.ts'
import { isObject } from '../text/json.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'
import { readChat } from './request.ts'
import type { Space } from './space.ts'
import type { Served } from './served.ts'
import type { Order, Written } from './writing.ts'

/** Token ids that followed each other: the model's own as they were drawn, and between them what it was given. */
export interface Sequence {
  prompt: readonly number[]
  ids: number[]
  logprobs: number[]
  turns: Turn[]
  finish: Written['finish']
}

interface Told extends Sequence {
  /** The messages up to the last answer, that one included. */
  messages: readonly Message[]
  tools: Asked['tools']
  called: readonly string[]
  /** An answer in it has a thought. */
  thought: boolean
  /** An answer is being written to it. */
  busy: boolean
}

/** Draws of training are by its law and key, whatever the client asks: log-probs are those of the law. */
export interface Recording {
  law: Law
  key: readonly number[]
  /** Tokens that one answer may have. */
  longest: number
}

export interface Recorder extends Space {
  /** In the order in which they began. */
  sequences: readonly Sequence[]
  /** The text of the last answer, with the thought that its prompt opened. */
  answer(): string
}

/** Keeps what is asked of `served` and answered; without a recording of training the client says how. `onAnswer` is called after each. */
export function recorder(served: Served, recording?: Recording, onAnswer: () => void = () => {}): Recorder {
  const sequences: Told[] = []
  let requests = 0
  let last = ''
  return {
    sequences,
    answer: () => last,
    models: {
      all: () => [served],
      find: () => served,
      put() {},
      remove() {},
      hold: () => () => {},
    },
    exchange(given, path, body) {
      const asked = path.endsWith('/chat/completions') ? readChat(body).asked : undefined
      return {
        ...given,
        ...(recording && { seed: () => 0 }),
        write: (_, order, onText) => write(given, order, asked, onText),
      }
    },
  }

  async function write(
    given: Exchange,
    order: Order,
    asked: Asked | undefined,
    onText?: Parameters<Exchange['write']>[2],
  ) {
    const number = requests++
    const before = asked && sequences.findLast((each) => continues(each, asked) && !isRewritten(each, asked, served))
    const between = before ? betweenIds(before, asked, served) : []
    const prompt = before ? [...before.prompt, ...before.ids, ...between] : order.prompt
    const room = served.context - prompt.length
    if (room < 1) throw new Refusal(400, 'The context is full', { code: 'context_length_exceeded' })
    const most = Math.min(order.sampling.maxNewTokens, recording?.longest ?? Infinity, room)
    const sampling = { ...order.sampling, ...recording?.law, maxNewTokens: most }
    const key = recording ? [...recording.key, number] : order.key
    // Of answers that are written to one history at once, one goes on with it; the others begin with it.
    const goesOn = before?.busy ? undefined : before
    if (goesOn) goesOn.busy = true
    try {
      const written = await given.write(served, { ...order, prompt, sampling, key }, onText)
      const opened = openedThought(served.tokenizer.decode(prompt.slice(-OPENED_TOKENS)))
      for (const [sample, each] of written.entries()) {
        last = opened + each.text
        const sequence = goesOn && sample === 0 ? goesOn : fresh(prompt)
        if (sequence === goesOn) append(goesOn, asked?.messages.at(-1)?.role === 'tool' ? 'tool' : 'user', between)
        else sequences.push(sequence)
        append(
          sequence,
          'assistant',
          each.tokens.map(({ id }) => id),
          each.tokens.map(({ logprob }) => logprob),
        )
        sequence.finish = each.finish
        const reply = replyOf(last, served.format)
        sequence.messages = [...(asked?.messages ?? []), reply]
        sequence.tools = asked?.tools ?? []
        sequence.called = (reply.tool_calls ?? []).map(({ name }) => name)
        sequence.thought ||= /<\/think>/.test(last)
      }
      onAnswer()
      return written
    } finally {
      if (goesOn) goesOn.busy = false
    }
  }
}

/** Enough for a tag that is spelt byte by byte, and white space after it. */
const OPENED_TOKENS = 16

/** Whether the request is what was said before, the answer included, and what a tool or a user says to it. */
function continues({ messages, tools, finish }: Told, asked: Asked): boolean {
  const more = asked.messages.slice(messages.length)
  return (
    finish === 'stop' &&
    more.length > 0 &&
    more.every(({ role }) => role === 'tool' || role === 'user') &&
    messages.every((message, i) => sameMessage(message, asked.messages[i])) &&
    Bun.deepEquals(tools, asked.tools)
  )
}

/** Clients hand back what they were answered without the thought, and with white space as they like. */
function sameMessage(a: Message, b: Message | undefined): boolean {
  const calls = ({ tool_calls = [] }: Message) => tool_calls.map(({ name, arguments: values }) => ({ name, values }))
  return (
    b !== undefined && a.role === b.role && a.content.trim() === b.content.trim() && Bun.deepEquals(calls(a), calls(b))
  )
}

function replyOf(text: string, { parse }: CallFormat): Message {
  const { rest, calls } = parse(text)
  const known = calls.flatMap(({ name, arguments: values }): ToolCall[] =>
    isObject(values) ? [{ name, arguments: values }] : [],
  )
  return { role: 'assistant', content: rest, ...(known.length > 0 && { tool_calls: known }) }
}

type Words = Pick<Served, 'form' | 'tokenizer'>

/** What was asked before the sequence's last answer, and what is said to that. */
const aroundAnswer = ({ messages }: Told, asked: Asked) => ({
  asked: { messages: asked.messages.slice(0, messages.length - 1), tools: asked.tools },
  given: asked.messages.slice(messages.length),
})

/** Whether the template writes what the sequence holds in another way now: then it goes on with no token of it. */
const isRewritten = (sequence: Told, asked: Asked, { form, tokenizer }: Words): boolean =>
  sequence.thought && forgetsThought({ form, tokenizer, ...aroundAnswer(sequence, asked) })

function betweenIds(sequence: Told, asked: Asked, { form, tokenizer }: Words): number[] {
  const ended = tokenizer.eosIds.includes(sequence.ids.at(-1) ?? -1)
  return continuationIds({ form, tokenizer, called: sequence.called, ...aroundAnswer(sequence, asked) }, ended)
}

const fresh = (prompt: readonly number[]): Told => ({
  prompt,
  ids: [],
  logprobs: [],
  turns: [],
  finish: 'stop',
  messages: [],
  tools: [],
  called: [],
  thought: false,
  busy: false,
})

function append(
  { ids, logprobs, turns }: Sequence,
  role: Turn['role'],
  some: ArrayLike<number>,
  logs?: ArrayLike<number>,
): void {
  turns.push({ role, from: ids.length, to: ids.length + some.length })
  for (let t = 0; t < some.length; t++) {
    ids.push(some[t]!)
    logprobs.push(logs?.[t] ?? 0)
  }
}
