// Answers of an OpenAI-compatible endpoint: chat with tools, chat with a prompt form's text, or raw completions.
import { loadTokenizer, type Tokenizer } from '../../dialogue/chat.ts'
import { repairTools } from '../../data/schema.ts'
import { chat, complete, inOrder, toMessages, toTool, type ChatReply, type Endpoint } from '../../dialogue/endpoint.ts'
import { HoneError } from '../../error.ts'
import { numberFlag } from '../../shell/flags.ts'
import { dumpJson, isObject, type JsonObject } from '../../text/json.ts'
import type { Asked, PromptForm } from '../../dialogue/prompt/form.ts'
import { promptForm } from '../../dialogue/prompt.ts'
import { callText } from '../../dialogue/prompt/python-calls.ts'
import type { Answerer, AskFlags, Question, Sampled } from './answerer.ts'

/** How calls that the server has parsed are handed to a benchmark's judge. */
const CALLS: Record<string, (reply: ChatReply) => JsonObject> = {
  bfcl: ({ calls }) => ({
    mode: 'tool-calls',
    underscore_to_dot: true,
    response: calls.map(({ name, arguments: values }) => ({ [name]: values })),
  }),
  rows: ({ calls }) => ({
    response: null,
    calls: calls.map(({ name, arguments: values }) => ({ name, arguments: values })),
  }),
  apibank: ({ calls }) => ({
    response: calls.map(({ name, arguments: values }) => dumpJson({ name, parameters: values })).join('\n'),
  }),
  acebench: ({ calls }) => ({
    response: callText(
      calls.map(({ name, arguments: values }) => ({ name, arguments: isObject(values) ? values : {} })),
    ),
  }),
}

/** @throws HoneError where flags are missing or the tokenizer cannot be read. */
export async function askEndpoint(
  flags: AskFlags,
  formName: string,
  mode: string,
  sampled: Sampled,
): Promise<Answerer> {
  const { endpoint: url = '', bench } = flags
  const model = flags['api-model']
  if (model === undefined)
    throw new HoneError('Cannot ask the endpoint: --api-model is missing', {
      hint: 'Give the name under which the endpoint serves the model.',
    })
  const endpoint: Endpoint = { url, model, key: process.env['OPENAI_API_KEY'] }
  const concurrency = numberFlag(flags.concurrency, '--concurrency', { min: 1, integer: true }) ?? 8
  const tokenizer = flags.completions === undefined ? undefined : await loadTokenizer(flags.completions)
  const native = formName === 'native' && !tokenizer
  const form = native ? undefined : promptForm(formName)
  const sampling = (sample: number) => ({
    temperature: sampled.temperature,
    maxTokens: sampled.maxNewTokens,
    ...(sampled.temperature > 0 && { seed: sampled.seed + sample }),
  })

  const reply = async ({ asked, sample }: Question): Promise<JsonObject> => {
    if (form && tokenizer)
      return { mode, response: await complete(endpoint, form.prompt(asked, tokenizer), sampling(sample)) }
    if (form) {
      const { content, reasoning } = await chat(endpoint, messagesOf(form, asked), [], sampling(sample))
      return { mode, response: reasoning === null ? content : `<think>${reasoning}</think>\n${content}` }
    }
    const answer = await chat(endpoint, toMessages(asked.messages), toolsOf(asked), sampling(sample))
    if (answer.calls.length === 0 && bench !== 'bfcl') return { response: answer.content }
    return { ...CALLS[bench]!(answer), ...(answer.content !== '' && { content: answer.content }) }
  }
  return {
    source: `${model} at ${url}`,
    show: ({ asked }) =>
      form && tokenizer
        ? form.prompt(asked, tokenizer)
        : dumpJson(form ? messagesOf(form, asked) : [toMessages(asked.messages), toolsOf(asked)]),
    answer: (questions) => inOrder(questions, concurrency, reply),
  }
}

/** The messages that a form hands to the chat template. */
function messagesOf(form: PromptForm, asked: Asked): JsonObject[] {
  let seen: JsonObject[] = []
  const recorder: Tokenizer = {
    encode: () => [],
    decode: () => '',
    vocabularySize: 0,
    idOf: () => undefined,
    eosIds: [],
    template(messages) {
      seen = messages.map(({ role, content }) => ({ role, content }))
      return ''
    },
  }
  form.prompt(asked, recorder)
  return seen
}

/** Tools as the interface wants them: JSON Schema, and names without dots. */
function toolsOf({ tools }: Asked): JsonObject[] {
  return repairTools(tools.map((tool): JsonObject => ({ ...tool }))).tools.map((tool) =>
    toTool({ ...tool, name: tool.name.replaceAll('.', '_') }),
  )
}
