// API-Bank: ToolRL's rows of one call each, and the original dialogues of one turn a line.
import { isObject } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { callTurn } from '../roles.ts'
import { Rejection, stringAt, type Source } from '../source.ts'
import { readTaggedHistory, readTaggedTools, TAGGED_TOOLS } from '../tagged.ts'

export const apibank: Source = {
  what: 'API-Bank as ToolRL processes it (liminghao1630/API-Bank, Apache-2.0): system, user, answer',
  recognises: (record) =>
    typeof record['system'] === 'string' &&
    record['system'].includes(TAGGED_TOOLS) &&
    typeof record['user'] === 'string' &&
    'answer' in record,
  convert(record, { path, index }) {
    const answer = toCalls(record['answer'])
    if (answer.length === 0) throw new Rejection('no-answer', '"answer" holds no call')
    const level = /level-(\d)/.exec(path)?.[1]
    return {
      ...(level === undefined ? {} : { id: `Level${level}_${index}` }),
      tools: readTaggedTools(stringAt(record, 'system')),
      turns: [...readTaggedHistory(stringAt(record, 'user')), callTurn(answer)],
      lastOnly: true,
      meta: isObject(record['other']) ? { other: record['other'] } : {},
    }
  },
}
