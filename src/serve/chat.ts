// /v1/chat/completions: messages and tools in; thinking, text and calls out, as a whole or piece by piece.
import type { Call } from '../dialogue/call/format.ts'
import { argumentsText } from '../dialogue/call/write.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import { openedThought, promptText } from '../dialogue/prompt.ts'
import { heldTo } from './constrain.ts'
import { usageOf, type Answer, type Exchange } from './exchange.ts'
import { lawOf, listOf, refusing, type ChatRequest } from './request.ts'
import { orderOf, type Served } from './served.ts'
import { readTurn, type Piece, type Said } from './turn.ts'
import { chatTokens } from './tokens.ts'
import type { Token, Written } from './writing.ts'

/** @throws Refusal for what cannot be answered. */
export async function answerChat(served: Served, request: ChatRequest, exchange: Exchange): Promise<Answer> {
  const { asked, tool_choice, n, stream, stop } = request
  const withCalls = asked.tools.length > 0 && tool_choice !== 'none'
  const mostCalls = !withCalls ? 0 : request.parallel_tool_calls ? Infinity : 1
  const tokenizer = withVariables(served.tokenizer, request.chat_template_kwargs ?? {})
  const text = refusing('messages', () =>
    promptText(served.form, withCalls ? asked : { ...asked, tools: [] }, tokenizer),
  )
  const prompt = tokenizer.encode(text)
  const opened = openedThought(text)
  const order = orderOf(served, {
    prompt,
    param: 'messages',
    law: lawOf(request),
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    samples: n,
    stops: listOf(stop),
    alternatives: request.logprobs ? request.top_logprobs : 0,
    seed: request.seed ?? exchange.seed(),
    index: 0,
    constraint: heldTo(served, request, opened),
  })
  const turns = Array.from({ length: n }, () => readTurn({ format: served.format, opened, mostCalls }))
  const head = (object: string) => ({
    id: exchange.newId('chatcmpl-'),
    object,
    created: exchange.created,
    model: served.name,
  })
  const told = { logprobs: request.logprobs, ids: request.return_token_ids }
  const finishOf = (each: Written, { calls }: Said) =>
    each.finish === 'stop' && calls.length > 0 ? 'tool_calls' : each.finish
  const ids = request.return_token_ids && { prompt_token_ids: prompt }
  if (!stream) {
    const written = await exchange.write(served, order)
    const choices = written.map((each, index) => {
      turns[index]!.push(each.text)
      const { said } = turns[index]!.end()
      return {
        index,
        message: messageOf(said, exchange),
        ...chatTokens(each.tokens, told, served.tokenizer),
        finish_reason: finishOf(each, said),
      }
    })
    return { whole: { ...head('chat.completion'), choices, usage: usageOf([order], written), ...ids } }
  }
  return {
    async stream(send) {
      const withUsage = request.stream_options?.include_usage ?? false
      const base = { ...head('chat.completion.chunk'), ...(withUsage && { usage: null }) }
      /** Tokens of each answer that no chunk has told of. */
      const waiting = turns.map((): Token[] => [])
      const chunk = (index: number, delta: object, finish_reason: string | null = null, more: object = {}) => {
        const tokens = chatTokens(waiting[index]!.splice(0), told, served.tokenizer)
        send({ ...base, ...more, choices: [{ index, delta, ...tokens, finish_reason }] })
      }
      const made = turns.map(() => 0)
      const say = (index: number, { reasoning, content, calls }: Piece) => {
        if (reasoning !== '') chunk(index, { reasoning_content: reasoning })
        if (content !== '') chunk(index, { content })
        for (const call of calls) for (const part of callParts(call, made[index]!++, exchange)) chunk(index, part)
      }
      for (const index of turns.keys()) chunk(index, { role: 'assistant', content: '' }, null, ids || {})
      const written = await exchange.write(served, order, (index, text, token) => {
        if (token) waiting[index]!.push(token)
        say(index, turns[index]!.push(text))
      })
      for (const [index, each] of written.entries()) {
        const { piece, said } = turns[index]!.end()
        say(index, piece)
        chunk(index, {}, finishOf(each, said))
      }
      if (withUsage) send({ ...base, choices: [], usage: usageOf([order], written) })
    },
  }
}

const withVariables = (tokenizer: Tokenizer, variables: Record<string, unknown>): Tokenizer => ({
  ...tokenizer,
  template: (messages, options) => tokenizer.template(messages, { ...options, variables }),
})

function messageOf({ reasoning, content, calls }: Said, exchange: Exchange) {
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        id: exchange.newId('call_'),
        type: 'function',
        function: { name: call.name, arguments: argumentsText(call) },
      })),
    }),
  }
}

/** Clients want the name in the first part of a call and nowhere else. */
function callParts(call: Call, index: number, exchange: Exchange): object[] {
  const begun = { index, id: exchange.newId('call_'), type: 'function', function: { name: call.name, arguments: '' } }
  return [begun, { index, function: { arguments: argumentsText(call) } }].map((part) => ({ tool_calls: [part] }))
}
