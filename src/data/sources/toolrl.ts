// ToolRL: one decision a row, tools and history as tagged plain text; as SFT rows, API-Bank's form is its neighbour.
import { type Json, type JsonObject } from '../../text/json.ts'
import { readTaggedDecision, readTaggedHistory, readTaggedTools, TAGGED_TOOLS } from '../tagged.ts'
import { arrayAt, Rejection, stringAt, type Dialogue, type Source } from '../source.ts'
import { readTurns } from '../roles.ts'

export const toolrl: Source = {
  what: 'ToolRL (qiancheng0/ToolRL, Apache-2.0): rlla SFT rows, and RL rows in the layout of verl',
  emptyDefaultIsNone: true,
  recognises: (record) =>
    isTagged(record['instruction']) || (record['data_source'] === 'rlla' && Array.isArray(record['prompt'])),
  convert: (record) => (Array.isArray(record['prompt']) ? convertPrompt(record) : convertInstruction(record)),
}

const isTagged = (value: Json | undefined): boolean => typeof value === 'string' && value.includes(TAGGED_TOOLS)

function convertInstruction(record: JsonObject): Dialogue {
  return convertTexts(stringAt(record, 'instruction'), stringAt(record, 'input'), stringAt(record, 'output'))
}

/** A row of the parquet files: prompt [system, user], ground truth as text. */
function convertPrompt(record: JsonObject): Dialogue {
  const turns = readTurns(arrayAt(record, 'prompt'), { role: ['role'], content: ['content'] })
  const system = turns.find(({ role }) => role === 'system')
  const user = turns.find(({ role }) => role === 'user')
  const model = record['reward_model']
  const truth =
    model !== null && typeof model === 'object' && 'ground_truth' in model ? model['ground_truth'] : undefined
  if (!system || !user) throw new Rejection('wrong-shape', 'the prompt lacks a system or a user message')
  if (typeof truth !== 'string') throw new Rejection('no-answer', 'reward_model.ground_truth is no text')
  return convertTexts(system.content, user.content, truth)
}

function convertTexts(system: string, history: string, output: string): Dialogue {
  const { turn, think } = readTaggedDecision(output)
  return {
    tools: readTaggedTools(system),
    turns: [...readTaggedHistory(history), turn],
    lastOnly: true,
    meta: think === undefined ? {} : { thought: think },
  }
}
