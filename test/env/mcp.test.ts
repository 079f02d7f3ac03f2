// Tools of MCP servers, over stdio and over HTTP, from the file that other clients read.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openMcp } from '../../src/env/mcp.ts'
import { openEnvironment } from '../../src/env/open.ts'
import type { Episode } from '../../src/rl/environment.ts'
import { ToolFailure } from '../../src/env/runner.ts'
import { scratch } from '../scratch.ts'

const server = join(import.meta.dir, 'mcp-server.ts')
function fileOf(mcpServers: object): string {
  const path = join(scratch(), 'mcp.json')
  writeFileSync(path, JSON.stringify({ mcpServers }))
  return path
}
const stdio = (...args: string[]) => ({ command: process.execPath, args: [server, ...args] })

test('tools of a server are offered with their schema and called with their arguments', async () => {
  const { runners, close } = await openMcp(fileOf({ sums: stdio() }), 20)
  try {
    const [add, fail, hang] = ['add', 'fail', 'hang'].map((name) => runners.find(({ tool }) => tool.name === name)!)
    expect(add!.tool).toMatchObject({
      description: 'Adds two numbers.',
      parameters: { type: 'object', required: ['a', 'b'] },
    })
    expect(await add!.run({ a: 2, b: 3 })).toBe('5')
    await expect(fail!.run({})).rejects.toThrow('it failed')
    expect(hang).toBeDefined()
    // What does not fit is told in the server's words, and is no fault of the tool.
    const misfit = await add!.run({ a: 1 }).catch((error: unknown) => error)
    expect(misfit).not.toBeInstanceOf(ToolFailure)
    expect(String(misfit)).toContain('b: expected a number')
    const flood = runners.find(({ tool }) => tool.name === 'flood')!
    await expect(flood.run({})).rejects.toThrow('it said more than')
  } finally {
    close()
  }
}, 30_000)

test('a server over streamable HTTP is the same', async () => {
  const child = Bun.spawn([process.execPath, server, '--http'], { stdout: 'pipe' })
  try {
    const reader = child.stdout.getReader()
    const { value } = await reader.read()
    const url = new TextDecoder().decode(value).trim()
    const { runners, close } = await openMcp(fileOf({ sums: { url } }), 20)
    expect(await runners.find(({ tool }) => tool.name === 'add')!.run({ a: 4, b: 5 })).toBe('9')
    close()
  } finally {
    child.kill()
  }
}, 30_000)

test('a server that tells episodes apart by an argument has a state of each, and the model does not see the argument', async () => {
  const settings = { env: null, envCmd: null, tools: [], toolTimeout: 20, frame: null, maxToolCalls: null }
  const code = { codeEngine: 'embedded', codeUrl: null, codeState: 'call' } as const
  const mcp = fileOf({ counter: { ...stdio(), stateArgument: 'key' } })
  const environment = (await openEnvironment({ ...settings, ...code, mcp }))!
  try {
    const count = environment.tools({}).find(({ name }) => name === 'count')!
    expect(count.parameters).toMatchObject({ properties: { by: { type: 'number' } }, required: ['by'] })
    expect(Object.keys(Object(count.parameters['properties']))).toEqual(['by'])
    const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
    const [one, other] = await Promise.all(['1', '2'].map((id) => environment.reset(row, {}, id)))
    const ask = async (episode: Episode, by: number) => {
      const call = { name: 'count', arguments: { by } }
      return (await episode.step({ text: '', calls: [call], fault: null })).messages[0]!.content
    }
    expect([await ask(one!, 1), await ask(other!, 5), await ask(one!, 2)]).toEqual(['1', '5', '3'])
  } finally {
    environment.close()
  }
}, 30_000)

test('what cannot be used is said with its name', async () => {
  await expect(openMcp(fileOf({ none: stdio('--empty') }), 20)).rejects.toThrow(
    'Cannot use the MCP server none: it has no tools',
  )
  await expect(openMcp(fileOf({ gone: { command: 'no-such-program-here' } }), 5)).rejects.toThrow(
    'Cannot use the MCP server gone',
  )
  await expect(
    openMcp(fileOf({ chatter: { command: 'sh', args: ['-c', 'yes | head -n 2000; exec sleep 60'] } }), 20),
  ).rejects.toThrow('Cannot use the MCP server chatter: it says what is no message')
  await expect(openMcp(fileOf({ odd: {} }), 5)).rejects.toThrow('Cannot read the MCP servers')
  await expect(openMcp(join(scratch(), 'nowhere.json'), 5)).rejects.toThrow('there is no such file')
}, 60_000)
