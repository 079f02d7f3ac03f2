// hone's own rows, so that prepared data can be filtered, augmented and written in another format later.
import * as v from 'valibot'
import { isObject, type JsonObject } from '../../text/json.ts'
import { HoneRow } from '../../dialogue/row.ts'
import { callTurn } from '../roles.ts'
import { Rejection, type Source } from '../source.ts'

export const hone: Source = {
  what: 'hone rows',
  recognises: (record) =>
    Array.isArray(record['messages']) && Array.isArray(record['answer']) && Array.isArray(record['tools']),
  convert(record) {
    const result = v.safeParse(HoneRow, withoutNulls(record))
    if (!result.success) {
      const [issue] = result.issues
      throw new Rejection(
        'wrong-shape',
        `${issue.path?.map(({ key }) => String(key)).join('.') ?? 'row'}: ${issue.message}`,
        issue.path?.map(({ key }) => String(key)),
      )
    }
    const { id, tools, messages, answer, meta, source } = result.output
    return { id, tools, turns: [...messages, callTurn(answer)], lastOnly: true, meta: { ...meta, from: source } }
  },
}

/** A row that went through Arrow has null where a message has no calls, and where there is no meta. */
function withoutNulls(record: JsonObject): JsonObject {
  const { messages } = record
  const without = (object: JsonObject) =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
  return {
    ...without(record),
    ...(Array.isArray(messages) ? { messages: messages.map((each) => (isObject(each) ? without(each) : each)) } : {}),
  }
}
