// What a server is asked and answers, kept as rollouts: a conversation is one sequence, sessions are files of their own.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { openServed } from '../../../src/job/serve/open.ts'
import { keptIn } from '../../../src/job/serve/record.ts'
import { modelsOf } from '../../../src/serve/models.ts'
import { openServer, type Server } from '../../../src/serve/server.ts'
import { caller, MODELS, removeModels, WEATHER, writeModels } from './models.ts'

const folder = join(MODELS, 'kept')
let server: Server
beforeAll(async () => {
  writeModels()
  const { first } = await openServed({ model: caller, adapters: [], device: 'cpu', prompt: 'native' })
  const limits = { maxRequests: 8, maxBody: 100_000, timeout: 60 }
  server = openServer(modelsOf(first, []), {
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    ...limits,
    sessions: keptIn(folder, first),
  })
}, 120_000)
afterAll(async () => {
  await server.stop()
  removeModels()
})
const rows = (name: string) =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('a conversation with a tool is one sequence: own tokens trained, the result not', async () => {
  const client = new OpenAI({ baseURL: `${server.url}/sessions/first/v1`, apiKey: 'none' })
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'How warm is it in Oslo?' }]
  const ask = async () => {
    const { choices } = await client.chat.completions.create({
      model: 'any',
      messages,
      tools: [WEATHER],
      temperature: 0,
    })
    const { message } = choices[0]!
    messages.push(message)
    return message
  }
  const [call] = (await ask()).tool_calls!
  messages.push({ role: 'tool', tool_call_id: call!.id, content: '20 degrees' })
  expect((await ask()).content).toContain('Oslo')
  const [row, ...others] = rows('first')
  expect(others).toEqual([])
  expect(row.turns.map(({ role }: { role: string }) => role)).toEqual(['assistant', 'tool', 'assistant'])
  const { from, to } = row.turns[1]
  row.trained.forEach((flag: number, t: number) => expect(flag).toBe(Number(t < from || t >= to)))
  expect(row.output).toContain('tool: 20 degrees')
  expect(row).toMatchObject({ id: 'first', sample: 0, stop: 'completed' })
})

test('requests without a session are kept too, and names that are no file are refused', async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
  await client.chat.completions.create({ model: 'any', messages: [{ role: 'user', content: 'Hello.' }] })
  await client.chat.completions.create({ model: 'any', messages: [{ role: 'user', content: 'Hello again.' }] })
  expect(rows('default').map(({ sample }) => sample)).toEqual([0, 1])
  const odd = await fetch(`${server.url}/sessions/..%2Fx/v1/chat/completions`, { method: 'POST', body: '{}' })
  expect(odd.status).toBe(400)
  expect(existsSync(join(MODELS, 'x.jsonl'))).toBe(false)
})
