// verl's RL rows: a rendered prompt and a ground truth, as Tool-N1 publishes its data.
import { isObject, type Json } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { callTurn, readTurns } from '../roles.ts'
import { arrayAt, jsonIn, Rejection, unwrapText, type Source, type Turn } from '../source.ts'

export const verl: Source = {
  what: 'verl RL rows: prompt, reward_model.ground_truth (parquet or JSON), as Tool-N1 has them',
  recognises: (record) => Array.isArray(record['prompt']) && isObject(record['reward_model']),
  convert(record) {
    const turns = readTurns(arrayAt(record, 'prompt'), { role: ['role'], content: ['content'] })
    const system = turns.find(({ role, content }) => role === 'system' && content.includes('<tools>'))
    const tools = system ? readToolLines(system.content) : []
    const model = record['reward_model']
    const truth = isObject(model) ? unwrapText(model['ground_truth'], 'ground_truth', 'no-answer') : undefined
    if (truth === undefined || truth === null) throw new Rejection('no-answer', 'reward_model.ground_truth is absent')
    return {
      tools,
      turns: [...turns.filter((turn) => turn !== system).map(readHistory), callTurn(toCalls(truth))],
      lastOnly: true,
      meta: {},
    }
  },
}

/** One tool a line between the tags. @throws Rejection */
function readToolLines(system: string): Json[] {
  const block = /<tools>\n?([\s\S]*?)<\/tools>/.exec(system)
  if (!block) throw new Rejection('bad-tools', 'the system message opens <tools> and does not close it')
  const lines = block[1]!.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => unwrapText(line, 'a line of <tools>', 'bad-tools') ?? null)
}

/** Earlier calls stand as JSON text, or as JSON text of JSON text (Tool-N1 encodes them twice). */
function readHistory(turn: Turn): Turn {
  if (turn.role !== 'assistant') return turn
  const once = jsonIn(turn.content.trim().startsWith('"') ? `[${turn.content}]` : turn.content)
  const value = Array.isArray(once) && once.length === 1 && typeof once[0] === 'string' ? jsonIn(once[0]) : once
  const isCalls =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((call) => isObject(call) && 'name' in call && 'arguments' in call)
  return isCalls ? callTurn(toCalls(value)) : turn
}
