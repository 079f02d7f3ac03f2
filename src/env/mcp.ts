// Tools of MCP servers, over stdio or streamable HTTP, by the official client; the file is the one that other clients read.
import { existsSync, readFileSync } from 'node:fs'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { version } from '../shell/version.ts'
import { plainJson, parseJson, isObject, type Json, type JsonObject } from '../text/json.ts'
import { requireShort } from './process.ts'
import { ToolFailure, within, type Runner } from './runner.ts'

const texts = v.optional(v.record(v.string(), v.string()), {})
/** The argument by which a server tells episodes apart: set in every call, and not shown to the model. */
const stateArgument = v.optional(v.string())
/** The file as other clients read it. */
export const McpServers = v.object({
  mcpServers: v.record(
    v.string(),
    v.union([
      v.object({ command: v.string(), args: v.optional(v.array(v.string()), []), env: texts, stateArgument }),
      v.object({ url: v.pipe(v.string(), v.url()), headers: texts, stateArgument }),
    ]),
  ),
})
type Server = v.InferOutput<typeof McpServers>['mcpServers'][string]

/** Lines of a server that are no messages before it is given up. */
const MOST_UNREAD = 1000

export interface McpTools {
  runners: readonly Runner[]
  close(): void
}

/** The official client, some hundred modules, which only a run that asks a server waits for. */
async function readSdk() {
  const [client, stdio, http, types] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/stdio.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  return { ...client, ...stdio, ...http, ...types }
}
type Sdk = Awaited<ReturnType<typeof readSdk>>

/** The tools of every server in the file. @throws HoneError for a file that is none, and a server that does not answer or has no tools. */
export async function openMcp(path: string, seconds: number): Promise<McpTools> {
  const clients: Client[] = []
  const close = () => clients.forEach((client) => void client.close().catch(() => {}))
  try {
    const servers = serversIn(path)
    const sdk = await readSdk()
    const found: Runner[][] = []
    for (const [name, server] of Object.entries(servers)) {
      const client = new sdk.Client({ name: 'hone', version })
      clients.push(client)
      found.push(await toolsOf(sdk, client, server, seconds).catch((cause: unknown) => unusable(path, name, cause)))
    }
    return { runners: found.flat(), close }
  } catch (error) {
    close()
    throw error
  }
}

function serversIn(path: string): Record<string, Server> {
  if (!existsSync(path)) throw new HoneError('Cannot read the MCP servers: there is no such file', { at: path })
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new HoneError(`Cannot read the MCP servers: ${messageOf(cause)}`, { at: path, cause })
  }
  const read = v.safeParse(McpServers, json)
  if (read.success) return read.output.mcpServers
  const [issue] = read.issues
  throw new HoneError(`Cannot read the MCP servers: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, {
    at: path,
    hint: 'expected {"mcpServers": {"NAME": {"command": "…", "args": […]}}} or {"NAME": {"url": "…"}}',
  })
}

function unusable(at: string, name: string, cause: unknown): never {
  throw new HoneError(`Cannot use the MCP server ${name}: ${messageOf(cause)}`, { at, cause })
}

async function toolsOf(sdk: Sdk, client: Client, server: Server, seconds: number): Promise<Runner[]> {
  const invalidParams: number = sdk.ErrorCode.InvalidParams
  const transport =
    'url' in server
      ? new sdk.StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: server.headers } })
      : new sdk.StdioClientTransport({
          command: server.command,
          args: server.args,
          env: { ...(process.env as Record<string, string>), ...server.env },
          stderr: 'inherit',
        })
  const late = () => void client.close().catch(() => {})
  // What is no message is passed over; who says nothing else is ended at once, as its flood leaves no time for a timer.
  const garbled = Promise.withResolvers<never>()
  let unread = 0
  client.onerror = () => {
    if (++unread !== MOST_UNREAD) return
    if ('pid' in transport && transport.pid !== null) process.kill(transport.pid, 'SIGKILL')
    garbled.reject(new Error('it says what is no message of MCP'))
  }
  // Once it has answered, its calls fail with it.
  garbled.promise.catch(() => {})
  await within(seconds, Promise.race([client.connect(transport), garbled.promise]), late)
  const { tools } = await within(seconds, client.listTools(), late)
  if (tools.length === 0) throw new Error('it has no tools')
  return tools.map(({ name, description = '', inputSchema }) => {
    const { stateArgument } = server
    const parameters = objectOf(inputSchema)
    const runner: Runner = {
      tool: {
        name,
        description,
        parameters: stateArgument === undefined ? parameters : without(parameters, stateArgument),
      },
      run: async (values) => {
        const ending = new AbortController()
        const call = client
          .callTool({ name, arguments: Object(plainJson(values)) }, undefined, {
            signal: ending.signal,
            timeout: seconds * 1000,
          })
          .catch((error: unknown) => {
            // Arguments that do not fit are the model's to mend, told in the server's own words.
            if (error instanceof sdk.McpError && error.code === invalidParams) throw error
            throw new ToolFailure(messageOf(error))
          })
        const { content, isError } = await within(seconds, call, () => ending.abort())
        const text = requireShort(contentText(content))
        if (isError === true) throw new Error(text)
        return text
      },
    }
    if (stateArgument === undefined) return runner
    // Another run on the same server has other episodes.
    const named = (episode: string) => `hone-${process.pid}-${episode}`
    return {
      ...runner,
      of: (episode) => ({ ...runner, run: (values) => runner.run({ ...values, [stateArgument]: named(episode) }) }),
    }
  })
}

/** The parameters of a tool but for one. */
function without(parameters: JsonObject, name: string): JsonObject {
  const { properties, required } = parameters
  return {
    ...parameters,
    ...(isObject(properties) && {
      properties: Object.fromEntries(Object.entries(properties).filter(([key]) => key !== name)),
    }),
    ...(Array.isArray(required) && { required: required.filter((key) => key !== name) }),
  }
}

/** Texts of the content; what is no text is named by its kind. */
export function contentText(content: unknown): string {
  const blocks = Array.isArray(content) ? content : []
  return blocks
    .map((block: { type?: unknown; text?: unknown }) =>
      typeof block.text === 'string' ? block.text : `[${String(block.type)}]`,
    )
    .join('\n')
}

function objectOf(schema: unknown) {
  const json: Json = parseJson(JSON.stringify(schema))
  return isObject(json) ? json : { type: 'object', properties: {} }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
