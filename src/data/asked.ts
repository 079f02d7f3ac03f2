// What a row or a request of messages asks, in any spelling that prep reads.
import * as v from 'valibot'
import type { Asked } from '../dialogue/prompt/form.ts'
import { Message, Tool } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import type { JsonObject } from '../text/json.ts'
import { isPadded } from './nulls.ts'
import { Rejection } from './source.ts'
import { askedOf } from './sources/openai.ts'

const AskedRow = v.object({ messages: v.array(Message), tools: v.optional(v.array(Tool), []) })

/** Messages and tools: hone's own as they stand, others as OpenAI spells them. @throws HoneError naming the field that cannot be read. */
export function readAsked(row: JsonObject): Asked {
  const own = v.safeParse(AskedRow, row)
  if (own.success && !own.output.tools.some((tool) => isPadded(tool.parameters))) return own.output
  try {
    return askedOf(row)
  } catch (error) {
    if (error instanceof Rejection) throw new HoneError(`Cannot complete the row: ${error.message}`)
    throw error
  }
}
