// Answers of an OpenAI-compatible endpoint: chat with tools, chat with a prompt form's messages, or raw completions.
import { atDate, type Tokenizer } from '../../dialogue/chat.ts'
import { repairTools } from '../../data/tools.ts'
import { chat, complete, inOrder, toTool, type SamplingRequest } from '../../dialogue/endpoint.ts'
import { type Endpoint, Refused } from '../../dialogue/endpoint/post.ts'
import { openaiMessages } from '../../dialogue/openai.ts'
import { HoneError } from '../../error.ts'
import { dumpJson, type JsonObject } from '../../text/json.ts'
import type { FormatName } from '../../dialogue/call.ts'
import { formatOf, promptText } from '../../dialogue/prompt.ts'
import type { Asked, PromptForm } from '../../dialogue/prompt/form.ts'
import { waitingFor } from './connect.ts'
import { sampledBy, type Answered, type Answerer, type Question, type Reply, type Sampled } from './answerer.ts'

export interface EndpointOptions extends Sampled {
  /** In whose words it is asked; without one it gets messages and tools, and parses calls itself. */
  form: PromptForm | undefined
  /** With one, the form's text is sent to be continued. */
  tokenizer?: Tokenizer | undefined
  /** Requests under way at once, and started a minute at most. */
  concurrency: number
  perMinute?: number
}

/** An endpoint that never answers is a wrong address or key, and no question will fare better. */
const FAILURES_AT_FIRST = 3

/** Failures are answers too, so that one bad question does not end the work; unless nothing else comes from the start. */
export function endpointAnswerer(endpoint: Endpoint, options: EndpointOptions): Answerer {
  const { temperature, maxNewTokens, seed, concurrency, perMinute = Infinity } = options
  const pace = paceOf(perMinute)
  const samplingOf = (sample: number) => ({
    temperature,
    maxTokens: maxNewTokens,
    ...(temperature > 0 && { seed: seed + sample }),
  })
  let answered = 0
  let failed = 0
  const waiting = waitingFor(endpoint.model)
  const ask = async ({ asked, sample }: Question): Promise<Answered> => {
    const request = sent(asked, options)
    await pace()
    waiting.asked()
    try {
      const reply = await replyTo(request, endpoint, samplingOf(sample))
      answered++
      return reply
    } catch (error) {
      if (!(error instanceof HoneError)) throw error
      if (answered === 0 && ++failed >= FAILURES_AT_FIRST) throw error
      return { failure: error, noRoom: false, refused: error instanceof Refused }
    } finally {
      waiting.answered()
    }
  }
  return {
    source: `${endpoint.model} at ${endpoint.url}`,
    format: formatAsked(options),
    ...(options.form && { words: { form: options.form, tokenizer: options.tokenizer } }),
    sampled: sampledBy(options),
    show(asked, date) {
      const { tokenizer } = options
      const request = sent(asked, { ...options, tokenizer: tokenizer && date ? atDate(tokenizer, date) : tokenizer })
      if ('prompt' in request) return request.prompt
      return dumpJson('tools' in request ? [request.messages, request.tools] : request.messages)
    },
    identify: ({ asked, sample }) =>
      dumpJson({ model: endpoint.model, ...sent(asked, options), sampling: { ...samplingOf(sample) }, sample }),
    answer: (questions) => inOrder(questions, concurrency, ask),
  }
}

/** Of a chat template on the other side nothing is known: most write calls as Hermes does. */
function formatAsked({ form, tokenizer }: EndpointOptions): FormatName {
  return form?.format ?? (form && tokenizer ? formatOf(form, tokenizer) : 'hermes')
}

/** What a request is made of: a prompt, or messages, with tools where the server reads the calls. */
type Sent = { prompt: string } | { messages: JsonObject[] } | { messages: JsonObject[]; tools: JsonObject[] }

function sent(asked: Asked, { form, tokenizer }: EndpointOptions): Sent {
  if (!form) return { messages: openaiMessages(asked.messages, { rename: plainName }), tools: toolsOf(asked) }
  return tokenizer
    ? { prompt: promptText(form, asked, tokenizer) }
    : { messages: form.messages(asked).map(({ role, content }) => ({ role, content })) }
}

async function replyTo(request: Sent, endpoint: Endpoint, sampling: SamplingRequest): Promise<Reply> {
  if ('prompt' in request) return { text: await complete(endpoint, request.prompt, sampling) }
  const tools = 'tools' in request ? request.tools : undefined
  const { content, reasoning, calls } = await chat(endpoint, request.messages, tools ?? [], sampling)
  if (tools) return { text: content, calls }
  const thought = reasoning === null || content.includes('<think>') ? '' : `<think>${reasoning}</think>\n`
  return { text: thought + content }
}

/** Tools as the interface wants them: JSON Schema, and names without dots. */
function toolsOf({ tools }: Asked): JsonObject[] {
  return repairTools(tools.map((tool): JsonObject => ({ ...tool }))).tools.map((tool) =>
    toTool({ ...tool, name: plainName(tool.name) }),
  )
}

/** The interface takes no dots. */
const plainName = (name: string): string => name.replaceAll('.', '_')

/** Waits until the next request may start. */
function paceOf(perMinute: number): () => Promise<void> {
  const interval = 60_000 / perMinute
  let next = 0
  return async () => {
    const now = performance.now()
    const start = Math.max(now, next)
    next = start + interval
    if (start > now) await Bun.sleep(start - now)
  }
}
