// BFCL single-turn rows: questions in one file, accepted answers in the file of the same name under possible_answer.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import type { ToolCall } from '../../dialogue/row.ts'
import { readCompanion } from '../companion.ts'
import { callTurn, readTurns } from '../roles.ts'
import { arrayAt, kindOf, Rejection, stringAt, type Source } from '../source.ts'

export const bfcl: Source = {
  what: 'Berkeley Function-Calling Leaderboard, single turn (ShishirPatil/gorilla, Apache-2.0)',
  recognises: (record) =>
    typeof record['id'] === 'string' && Array.isArray(record['question']) && Array.isArray(record['function']),
  companion: (path) => readCompanion(path, 'possible_answer', 'ground_truth'),
  convert(record, { companion }) {
    const id = stringAt(record, 'id')
    const [first, ...others] = arrayAt(record, 'question')
    if (!Array.isArray(first) || others.length > 0)
      throw new Rejection('wrong-shape', '"question" holds no single turn')
    const truth = record['ground_truth'] ?? companion.get(id)
    const irrelevant = id.includes('irrelevance')
    if (truth === undefined && !irrelevant)
      throw new Rejection('no-answer', `no accepted answer for ${id} beside the file`)
    return {
      id,
      tools: arrayAt(record, 'function', 'bad-tools'),
      turns: [
        ...readTurns(first, { role: ['role'], content: ['content'] }),
        callTurn(truth === undefined ? [] : firstAccepted(truth)),
      ],
      lastOnly: true,
      meta: truth === undefined ? {} : { accepted: truth },
    }
  },
}

/** [{name: {parameter: [accepted, …]}}] as calls with the first accepted value of each; "" first means: left out. */
function firstAccepted(truth: Json): ToolCall[] {
  if (!Array.isArray(truth))
    throw new Rejection('bad-call', `the accepted answer is ${kindOf(truth)}, expected an array`)
  return truth.flatMap((entry) => {
    if (!isObject(entry)) throw new Rejection('bad-call', `an accepted call is ${kindOf(entry)}, expected an object`)
    return Object.entries(entry).map(([name, parameters]) => ({
      name,
      arguments: isObject(parameters) ? choose(parameters) : {},
    }))
  })
}

function choose(parameters: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, accepted]): [string, Json][] => {
      // One entry of the Java set lacks the list around its value.
      if (!Array.isArray(accepted)) return [[name, accepted]]
      const value = accepted[0]
      return value === undefined || value === '' ? [] : [[name, chosenInside(value)]]
    }),
  )
}

/** Dictionaries inside a value list accepted values again, by key. */
function chosenInside(value: Json): Json {
  if (isObject(value)) return choose(value)
  return Array.isArray(value) ? value.map(chosenInside) : value
}
