// Hammer: evaluation rows {query, tools, answers} as JSON, and masked training rows whose instruction holds everything.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { readTurns } from '../roles.ts'
import { arrayAt, kindOf, Rejection, stringAt, unwrapText, type Source } from '../source.ts'

export const hammer: Source = {
  what: 'Hammer (MadeAgents/Hammer, Apache-2.0): test sets and masked xLAM training rows',
  recognises: (record) =>
    (Array.isArray(record['tools']) && Array.isArray(record['answers']) && 'query' in record) ||
    (typeof record['instruction'] === 'string' &&
      record['instruction'].includes(TOOLS[0]) &&
      record['instruction'].includes(QUERY[0])),
  convert(record) {
    if (typeof record['instruction'] === 'string') return convertMasked(record)
    const query = record['query']
    const answer = {
      role: 'assistant' as const,
      content: '',
      tool_calls: toCalls(arrayAt(record, 'answers', 'bad-call')),
    }
    return {
      tools: arrayAt(record, 'tools', 'bad-tools'),
      turns: [...questionTurns(query), answer],
      lastOnly: true,
      meta: {},
    }
  },
}

function questionTurns(query: Json | undefined) {
  if (typeof query === 'string') return [{ role: 'user' as const, content: query }]
  if (!Array.isArray(query))
    throw new Rejection('wrong-shape', `"query" is ${kindOf(query)}, expected text or messages`)
  const turns = readTurns(query, { role: ['role'], content: ['content'] })
  const last = turns.at(-1)
  if (last?.role === 'assistant') last.content = last.content.replace(/\nGenerate API Request:\s*$/, '')
  return turns
}

const TOOLS = ['[BEGIN OF AVAILABLE TOOLS]', '[END OF AVAILABLE TOOLS]'] as const
const QUERY = ['[BEGIN OF QUERY]', '[END OF QUERY]'] as const

function convertMasked(record: JsonObject) {
  const instruction = stringAt(record, 'instruction')
  const tools = unwrapText(between(instruction, TOOLS), 'available tools', 'bad-tools')
  if (!Array.isArray(tools))
    throw new Rejection('bad-tools', `the available tools are ${kindOf(tools)}, expected an array`)
  const output = withoutFence(stringAt(record, 'output'))
  return {
    tools: tools.filter((tool) => isObject(tool) || typeof tool === 'string'),
    turns: [
      { role: 'user' as const, content: between(instruction, QUERY) },
      { role: 'assistant' as const, content: '', tool_calls: toCalls(output) },
    ],
    meta: {},
  }
}

function withoutFence(text: string): string {
  const body = text.replace(/^\s*```\w*\n?/, '').trimEnd()
  return body.endsWith('```') ? body.slice(0, -3) : body
}

function between(text: string, [open, close]: readonly [string, string]): string {
  const start = text.indexOf(open)
  const end = text.indexOf(close, start)
  if (start < 0 || end < 0) throw new Rejection('wrong-shape', `the instruction lacks ${open} … ${close}`)
  return text.slice(start + open.length, end).trim()
}
