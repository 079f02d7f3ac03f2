// hone's own rows, so that prepared data can be filtered, augmented and written in another format later.
import * as v from 'valibot'
import { HoneRow } from '../../dialogue/row.ts'
import { callTurn } from '../roles.ts'
import { Rejection, type Source } from '../source.ts'

export const hone: Source = {
  what: 'hone rows',
  recognises: (record) =>
    Array.isArray(record['messages']) && Array.isArray(record['answer']) && Array.isArray(record['tools']),
  convert(record) {
    const result = v.safeParse(HoneRow, record)
    if (!result.success) {
      const [issue] = result.issues
      throw new Rejection(
        'wrong-shape',
        `${issue.path?.map(({ key }) => String(key)).join('.') ?? 'row'}: ${issue.message}`,
      )
    }
    const { id, tools, messages, answer, meta, source } = result.output
    return { id, tools, turns: [...messages, callTurn(answer)], lastOnly: true, meta: { ...meta, from: source } }
  },
}
