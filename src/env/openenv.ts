// An OpenEnv server as environment: one WebSocket an episode, JSON frames reset, step and close, errors as data.
import * as v from 'valibot'
import type { Call } from '../dialogue/call/format.ts'
import { type HoneRow, type Message, Tool } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import type { Environment, Episode, Observation } from '../rl/environment.ts'
import { dumpJson, isObject, parseJson, plainJson, type Json, type JsonObject } from '../text/json.ts'
import { contentText } from './mcp.ts'
import { ToolFailure, within } from './runner.ts'

const anything = v.custom<JsonObject>((value) => isObject(value as Json), 'an object')
const Reply = v.variant('type', [
  v.object({
    type: v.literal('observation'),
    data: v.object({
      observation: v.optional(anything, {}),
      reward: v.nullish(v.union([v.number(), v.boolean()])),
      done: v.optional(v.boolean(), false),
    }),
  }),
  v.object({
    type: v.literal('error'),
    data: v.object({
      message: v.string(),
      code: v.optional(v.string(), ''),
      errors: v.optional(v.array(anything), []),
    }),
  }),
  v.object({ type: v.literal('mcp'), data: v.object({ result: v.optional(anything), error: v.optional(anything) }) }),
  v.object({ type: v.literal('state'), data: anything }),
])
type Reply = v.InferOutput<typeof Reply>
type Observed = Extract<Reply, { type: 'observation' }>['data']

/** How a server is acted on: calls of its tools, or the fields of an action as the arguments of one tool. */
interface Actions {
  tools: readonly Tool[]
  actionOf(call: Call): JsonObject
  /** The field that a reply without calls is put in; without one such a reply ends the episode. */
  textField: string | undefined
}

export const isOpenEnv = (env: string): boolean => /^wss?:\/\//.test(env)

/** `url` is that of the WebSocket; `seconds` are given to an answer. */
export function openEnvServer(url: string, seconds: number): Environment {
  let actions: Promise<Actions> | undefined
  const open = new Set<Socket>()
  return {
    tools: () => [],
    async reset(row, json): Promise<Episode> {
      const socket = await connect(url, seconds)
      open.add(socket)
      const close = () => {
        open.delete(socket)
        socket.close()
      }
      try {
        actions ??= actionsOf(url, socket, seconds)
        const { tools, actionOf, textField } = await actions
        const { observation, done } = observed(await socket.ask('reset', resetData(row, json)))
        const said = textOf(observation)
        const messages: Message[] = said === '' || done ? [] : [{ role: 'user', content: said }]
        const act = async (action: JsonObject): Promise<Observed | string> => {
          const reply = await socket.ask('step', action)
          // An action that does not fit is the model's to mend.
          return reply.type === 'error' && reply.data.code === 'VALIDATION_ERROR' ? misfit(reply.data) : observed(reply)
        }
        return {
          asked: { messages: [...row.messages, ...messages], tools: [...row.tools, ...tools] },
          async step({ text, calls }): Promise<Observation> {
            if (calls.length > 0) return await inTurn(calls.map(actionOf), act, 'tool')
            if (textField === undefined) return { messages: [], done: true }
            return await inTurn([{ [textField]: text }], act, 'user')
          },
          close,
        }
      } catch (error) {
        close()
        throw error
      }
    },
    close: () => open.forEach((socket) => socket.close()),
  }
}

/** One action after the other, until the episode is over. */
async function inTurn(
  all: readonly JsonObject[],
  act: (action: JsonObject) => Promise<Observed | string>,
  role: 'tool' | 'user',
): Promise<Observation> {
  const messages: Observation['messages'][number][] = []
  let reward: number | undefined
  let errors = 0
  let over = false
  for (const action of all) {
    const result = await act(action)
    if (typeof result === 'string') {
      errors++
      messages.push({ role, content: `Error: ${result}` })
      continue
    }
    messages.push({ role, content: textOf(result.observation) })
    if (result.reward !== undefined && result.reward !== null) reward = (reward ?? 0) + Number(result.reward)
    if ((over = result.done)) break
  }
  return {
    messages,
    done: over,
    ...(reward !== undefined && { reward }),
    metrics: { tool_calls: messages.length, tool_errors: errors },
  }
}

/** The columns of a row that are its own go with it; all samples of a row begin alike. */
function resetData(row: HoneRow, json: JsonObject): JsonObject {
  const { id: _, source: __, messages: ___, tools: ____, answer: _____, meta: ______, env: _______, ...own } = json
  return { seed: Number(Bun.hash.crc32(row.id)) & 0x7fffffff, ...own }
}

async function actionsOf(url: string, socket: Socket, seconds: number): Promise<Actions> {
  const listed = await socket.ask('mcp', { jsonrpc: '2.0', method: 'tools/list', params: {}, id: 1 })
  const found = listed.type === 'mcp' ? listed.data.result?.['tools'] : undefined
  if (Array.isArray(found) && found.length > 0)
    return {
      tools: found.map((tool) => toolOf(isObject(tool) ? tool : {})),
      actionOf: ({ name, arguments: values }) => ({ type: 'call_tool', tool_name: name, arguments: values }),
      textField: undefined,
    }
  const parameters = await actionSchema(url, seconds)
  const properties = isObject(parameters['properties']) ? parameters['properties'] : {}
  const { metadata: _, ...own } = properties
  const fields = Object.entries(own)
  const [only] = fields
  const isText = fields.length === 1 && isObject(only![1]) && only![1]['type'] === 'string'
  return {
    tools: [{ name: 'step', description: 'Acts in the environment.', parameters: { ...parameters, properties: own } }],
    actionOf: ({ arguments: values }) => (isObject(values) ? values : {}),
    textField: isText ? only![0] : undefined,
  }
}

const toolOf = ({ name, description, input_schema, inputSchema }: JsonObject): Tool =>
  v.parse(Tool, {
    name,
    description: typeof description === 'string' ? description : '',
    parameters: input_schema ?? inputSchema ?? { type: 'object', properties: {} },
  })

/** What an action holds, by the server's own words. */
async function actionSchema(url: string, seconds: number): Promise<JsonObject> {
  const address = new URL(url.replace(/^ws/, 'http'))
  address.pathname = address.pathname.replace(/\/?ws$/, '/schema')
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(seconds * 1000) })
    const said = parseJson(await response.text())
    if (response.ok && isObject(said) && isObject(said['action'])) return said['action']
    throw new Error(`status ${response.status}`)
  } catch (cause) {
    throw new HoneError(`Cannot read what the environment takes: ${messageOf(cause)}`, { at: String(address), cause })
  }
}

function observed(reply: Reply): Observed {
  if (reply.type === 'observation') return reply.data
  const { message, code } = reply.type === 'error' ? reply.data : { message: `it answers ${reply.type}`, code: '' }
  if (code === 'CAPACITY_REACHED')
    throw new HoneError('Cannot begin another episode: the environment has no room for so many at once', {
      hint: 'start the server with a larger max_concurrent_envs, or lower --prompts-per-step or --group-size',
    })
  throw new ToolFailure(code === '' ? message : `${code}: ${message}`)
}

/** What does not fit, in the server's words: pydantic names the field of each fault. */
function misfit({ message, errors }: { message: string; errors: readonly JsonObject[] }): string {
  const faults = errors.map(({ loc, msg }) => `${Array.isArray(loc) ? loc.join('.') : ''}: ${String(msg)}`)
  return faults.length > 0 ? faults.join('; ') : message
}

/** Its one text, the result of a tool, or all that it holds as JSON. */
function textOf({ metadata: _, ...observation }: JsonObject): string {
  const { result, error } = observation
  if (isObject(error ?? null)) return `Error: ${String(Object(error)['message'])}`
  if (result !== undefined && 'tool_name' in observation) {
    const content = isObject(result) ? (result['content'] ?? result['data']) : result
    if (Array.isArray(content)) return contentText(plainJson(content))
    return typeof content === 'string' ? content : dumpJson(content ?? null)
  }
  const values = Object.values(observation)
  if (values.length === 0) return ''
  return values.length === 1 && typeof values[0] === 'string'
    ? values[0]
    : dumpJson(observation, { ensureAscii: false })
}

interface Socket {
  /** The answer to a frame; one at a time. */
  ask(type: 'reset' | 'step' | 'mcp', data: JsonObject): Promise<Reply>
  close(): void
}

/** @throws HoneError where nothing answers there. */
async function connect(url: string, seconds: number): Promise<Socket> {
  const socket = new WebSocket(url)
  const arrived: string[] = []
  let wake: (() => void) | undefined
  let ended = false
  const opened = Promise.withResolvers<void>()
  socket.onopen = () => opened.resolve()
  socket.onmessage = ({ data }) => {
    arrived.push(String(data))
    wake?.()
  }
  socket.onerror = () => opened.reject(new Error('nobody answers there'))
  socket.onclose = () => {
    ended = true
    opened.reject(new Error('it was closed'))
    wake?.()
  }
  try {
    await within(seconds, opened.promise, () => socket.close())
  } catch (cause) {
    throw new HoneError(`Cannot reach the environment: ${messageOf(cause)}`, {
      at: url,
      hint: 'an OpenEnv server answers at ws://HOST:PORT/ws',
      cause,
    })
  }
  const next = async (): Promise<string> => {
    while (arrived.length === 0) {
      if (ended) throw new ToolFailure('the environment closed the connection')
      await new Promise<void>((resolve) => (wake = resolve))
    }
    return arrived.shift()!
  }
  return {
    async ask(type, data) {
      if (!ended) socket.send(dumpJson({ type, data }, { ensureAscii: false }))
      const text = await within(seconds, next(), () => socket.close())
      try {
        return v.parse(Reply, plainJson(parseJson(text)))
      } catch {
        throw new ToolFailure(`the environment says what is no answer: ${text.slice(0, 80)}`)
      }
    },
    close() {
      if (!ended && socket.readyState === WebSocket.OPEN) socket.send('{"type": "close", "data": {}}')
      socket.close()
    },
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
