// ACEBench: the dialogue as one text, one answer a row in the file of the same name under possible_answer.
import { isObject, type Json } from '../../text/json.ts'
import type { ToolCall } from '../../dialogue/row.ts'
import { readCompanion } from '../companion.ts'
import { callTurn } from '../roles.ts'
import { arrayAt, kindOf, Rejection, stringAt, type Source, type Turn } from '../source.ts'

export const acebench: Source = {
  what: 'ACEBench, normal and special sets (chenchen0103/ACEBench, MIT)',
  recognises: (record) =>
    typeof record['id'] === 'string' && typeof record['question'] === 'string' && Array.isArray(record['function']),
  companion: (path) => readCompanion(path, 'possible_answer', 'ground_truth'),
  convert(record, { companion }) {
    const id = stringAt(record, 'id')
    const truth = record['ground_truth'] ?? companion.get(id)
    if (truth === undefined) throw new Rejection('no-answer', `no answer for ${id} beside the file`)
    const tools = arrayAt(record, 'function', 'bad-tools')
    const names = new Set(tools.map((tool) => (isObject(tool) ? tool['name'] : undefined)))
    const special = id.startsWith('special_')
    const notes = [record['time'], record['profile']].filter((note) => typeof note === 'string' && note !== '')
    const system: Turn[] = notes.length > 0 ? [{ role: 'system', content: notes.join('\n') }] : []
    return {
      id,
      tools,
      turns: [
        ...system,
        ...readDialogue(stringAt(record, 'question')),
        callTurn(special ? [] : readAnswer(truth, names)),
      ],
      lastOnly: true,
      meta: special ? { expected: truth } : {},
    }
  },
}

/** Lines beginning with `user:` or `system:`; the system is the assistant here. */
function readDialogue(text: string): Turn[] {
  const heads = [...text.matchAll(/^(user|system|tool):[ \t]?/gm)]
  if (heads.length === 0) return [{ role: 'user', content: text.trim() }]
  return heads.map((head, i) => ({
    role: head[1] === 'system' ? 'assistant' : head[1] === 'tool' ? 'tool' : 'user',
    content: text.slice(head.index + head[0].length, heads[i + 1]?.index).trim(),
  }))
}

/** {name: arguments}; a list holds alternatives, of which the first is taken. A repeated name carries _1, _2, …, unless a tool is really called so. */
function readAnswer(truth: Json, names: ReadonlySet<unknown>): ToolCall[] {
  const answer = Array.isArray(truth) ? truth[0] : truth
  if (!isObject(answer)) throw new Rejection('bad-call', `the answer is ${kindOf(answer)}, expected an object`)
  return Object.entries(answer).map(([key, value]) => {
    const name = names.has(key) ? key : key.replace(/_\d+$/, '')
    if (!isObject(value))
      throw new Rejection('bad-call', `the arguments of ${name} are ${kindOf(value)}, expected an object`)
    return { name, arguments: value }
  })
}
