// An MCP server for tests: --http serves streamable HTTP and prints its address, --empty has no tools.
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const number = { type: 'number' }
const object = (properties: object, required: string[]) => ({ type: 'object' as const, properties, required })
const tools = [
  { name: 'add', description: 'Adds two numbers.', inputSchema: object({ a: number, b: number }, ['a', 'b']) },
  { name: 'fail', description: 'Fails.', inputSchema: object({}, []) },
  { name: 'hang', description: 'Never answers.', inputSchema: object({}, []) },
]

function made(): Server {
  const server = new Server({ name: 'sums', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: process.argv.includes('--empty') ? [] : tools }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    if (params.name === 'hang') await new Promise(() => {})
    if (params.name === 'fail') return { content: [{ type: 'text', text: 'it failed' }], isError: true }
    const { a, b } = params.arguments ?? {}
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
