// Mistral's calls: a list of objects after [TOOL_CALLS], or, since tokenizer v11, the mark, a name and the arguments of each call.
import type { Parsed } from './format.ts'
import { parseObjects } from './objects.ts'
import { blankOut, splitThink, type Part, type Thought } from './read.ts'
import { callTexts } from './values.ts'

const MARK = '[TOOL_CALLS]'
const HEAD = /\[TOOL_CALLS\]\s*([^\s[\]{}"]+)\s*(?:\[CALL_ID\][^\s[\]{}"]*)?(?:\[ARGS\])?\s*$/
/** Magistral's tags. */
const THOUGHT = { open: '[THINK]', close: '[/THINK]' }

/** Both forms; [CALL_ID] and an id may stand before [ARGS]. A mark alone is a call cut short. */
export function parseMistral(completion: string): Parsed {
  const parsed = parseObjects(completion, { marks: [MARK], head: HEAD, thought })
  if (parsed.fault !== null || parsed.calls.length > 0) return parsed
  const { text } = thought(completion)
  const bare = blankOut(text, parts(text)).includes(MARK) && !/\[TOOL_CALLS\]\s*\[\s*\]/.test(text)
  return bare ? { ...parsed, fault: `truncated: ${MARK} without a call` } : parsed
}

const parts = (text: string): Iterable<Part> => callTexts(text, { head: HEAD })

function thought(completion: string): Thought {
  const magistral = splitThink(completion, parts, THOUGHT)
  return magistral.think === null ? splitThink(completion, parts) : magistral
}
