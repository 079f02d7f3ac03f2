// An MCP server for tests: --http serves streamable HTTP and prints its address, --empty has no tools.
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js'

const number = { type: 'number' }
const object = (properties: object, required: string[]) => ({ type: 'object' as const, properties, required })
const tools = [
  { name: 'add', description: 'Adds two numbers.', inputSchema: object({ a: number, b: number }, ['a', 'b']) },
  { name: 'fail', description: 'Fails.', inputSchema: object({}, []) },
  {
    name: 'count',
    description: 'Counts.',
    inputSchema: object({ by: number, key: { type: 'string' } }, ['by', 'key']),
  },
  { name: 'flood', description: 'Says 10 MB.', inputSchema: object({}, []) },
  { name: 'hang', description: 'Never answers.', inputSchema: object({}, []) },
]

const counts = new Map<string, number>()

function made(): Server {
  const server = new Server({ name: 'sums', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: process.argv.includes('--empty') ? [] : tools }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    if (params.name === 'hang') await new Promise(() => {})
    if (params.name === 'fail') return { content: [{ type: 'text', text: 'it failed' }], isError: true }
    if (params.name === 'count') {
      const key = String(params.arguments?.['key'])
      counts.set(key, (counts.get(key) ?? 0) + Number(params.arguments?.['by']))
      return { content: [{ type: 'text', text: String(counts.get(key)) }] }
    }
    if (params.name === 'flood') return { content: [{ type: 'text', text: 'x'.repeat(10_000_000) }] }
    const { a, b } = params.arguments ?? {}
    if (typeof b !== 'number') throw new McpError(ErrorCode.InvalidParams, 'b: expected a number')
    return { content: [{ type: 'text', text: String(Number(a) + Number(b)) }] }
  })
  return server
}

if (process.argv.includes('--http')) {
  const http = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
      await made().connect(transport)
      return await transport.handleRequest(request)
    },
  })
  console.log(`${http.url}mcp`)
} else await made().connect(new StdioServerTransport())
