// Mistral's calls: a list of objects after [TOOL_CALLS], or, since tokenizer v11, the mark, a name and the arguments of each call.
import type { Parsed } from './format.ts'
import { parseObjects, partsOf, type Objects } from './objects.ts'
import { splitThinkOf } from './read.ts'

const OPEN = '[TOOL_CALLS]'
const SPELLING: Objects = {
  marks: [OPEN],
  open: OPEN,
  head: /\[TOOL_CALLS\]\s*([^\s[\]{}"]+)\s*(?:\[CALL_ID\][^\s[\]{}"]*)?(?:\[ARGS\])?\s*$/,
}
/** Magistral's tags. */
export const MISTRAL_THOUGHT = { open: '[THINK]', close: '[/THINK]' }

/** Both forms; [CALL_ID] and an id may stand before [ARGS]. A mark alone is a call cut short. */
export function parseMistral(completion: string): Parsed {
  const thought = splitThinkOf(completion, partsOf(SPELLING), MISTRAL_THOUGHT)
  return parseObjects(completion, { ...SPELLING, thought: () => thought })
}
