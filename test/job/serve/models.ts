// Models for tests of the server: one that calls a tool, reads its result and answers, and one whose answers are long.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServed, type Place } from '../../../src/job/serve/open.ts'
import { modelsOf } from '../../../src/serve/models.ts'
import { openServer, type ServerOptions } from '../../../src/serve/server.ts'
import { writeTinyModel } from '../../cmd/tiny-model.ts'
import { writeSayingModel } from '../../saying-model.ts'

/** Shows calls as Hermes does, and says when a tool has answered. */
const TEMPLATE = String.raw`
{%- if tools %}{% for tool in tools %}{{ (tool | tojson) + '\n' }}{% endfor %}{% endif %}
{%- for message in messages %}{{ message.role + ': ' + (message.content or '') }}
  {%- for call in message.tool_calls or [] %}{{ '<tool_call>\n' + (call.function | tojson) + '\n</tool_call>' }}{% endfor %}{{ '<end>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'assistant: ' }}{% if messages[-1].role == 'tool' %}{{ '<answered>' }}{% endif %}{% endif %}`

const CALL = ['<tool_', 'call>\n{"name": "weather", ', '"arguments": {"city": "Oslo"}}', '\n</tool_call>']

export const MODELS = mkdtempSync(join(tmpdir(), 'hone-serve-'))
/** Thinks, speaks, calls; after the tool's result it answers. */
export const caller = join(MODELS, 'caller')
/** Random weights: its answers are as long as asked for. */
export const talker = join(MODELS, 'talker')

export function writeModels(): void {
  writeSayingModel(caller, ['<think>', 'Where?', '</think>\n\n', 'I look', ' it up ', ...CALL], {
    after: { '<answered>': ['It is ', 'warm in ☀ ', 'Oslo.'] },
    files: { 'chat_template.jinja': TEMPLATE },
  })
  writeTinyModel(talker)
}

export const removeModels = (): void => rmSync(MODELS, { recursive: true, force: true })

export async function openTest(model: string, options: Partial<ServerOptions & Place> = {}) {
  const place: Place = { model, adapters: [], device: 'cpu', prompt: 'native', ...options }
  const { first, others, openAdapter } = await openServed(place)
  return openServer(modelsOf(first, others), {
    openAdapter,
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    maxRequests: 64,
    maxBody: 100_000,
    timeout: 60,
    ...options,
  })
}

export const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
