// Llama 3's calls: JSON objects with "parameters" between semicolons, or what follows the python tag.
import type { Parsed } from './format.ts'
import { strip } from '../../text/python/text.ts'
import { parseObjects } from './objects.ts'
import { readExpression } from './pythonic.ts'
import { blankOut, Malformed, splitThink, type Part } from './read.ts'
import { callTexts } from './values.ts'

const TAG = '<|python_tag|>'

/**
 * JSON objects anywhere in the text. After the python tag also a built-in tool, `brave_search.call(query="x")`, named without
 * its `.call`, or a program, which is a call of code_interpreter with the argument code.
 */
export function parseLlama3(completion: string): Parsed {
  const { think, text, unfinished } = splitThink(completion, calls)
  const tag = blankOut(text, callTexts(text)).indexOf(TAG)
  const after = strip(text.slice(tag + TAG.length))
  if (unfinished || tag < 0 || after === '' || /^[[{]/.test(after)) {
    return parseObjects(completion, { marks: [TAG], thought: () => ({ think, text, unfinished }) })
  }
  const rest = strip(text.slice(0, tag))
  const builtin = /^([A-Za-z_]\w*)\.call\s*\(/.exec(after)
  if (!builtin) return { think, calls: [{ name: 'code_interpreter', arguments: { code: after } }], rest, fault: null }
  try {
    return { think, calls: [{ ...readExpression(after), name: builtin[1] ?? '' }], rest, fault: null }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { think, calls: [], rest: strip(text), fault: `malformed: ${error.message}` }
  }
}

/** A text that begins with the tag is a program or a call from end to end. */
function calls(text: string): Iterable<Part> {
  return text.trimStart().startsWith(TAG) ? [{ start: 0, end: text.length }] : callTexts(text)
}
