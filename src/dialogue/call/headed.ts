// DeepSeek's and Kimi's calls: special tokens around a name and the JSON object of its arguments.
import type { Call, CallFormat } from './format.ts'
import { parseObjects, type Objects } from './objects.ts'
import { argumentsText, writeTurn, type Spelling } from './write.ts'

/** DeepSeek's tokens are written with U+FF5C and U+2581. */
const deepseekToken = (words: string): string => `<\uff5c${words.replaceAll(' ', '\u2581')}\uff5c>`
const DEEPSEEK = {
  all: deepseekToken('tool calls begin'),
  end: deepseekToken('tool calls end'),
  open: deepseekToken('tool call begin'),
  separator: deepseekToken('tool sep'),
  close: deepseekToken('tool call end'),
}
const { separator } = DEEPSEEK
const deepseekCalls: Objects = {
  marks: Object.values(DEEPSEEK),
  open: DEEPSEEK.open,
  head: new RegExp(
    `${DEEPSEEK.open}\\s*(?:function${separator}([^\\n<{]+)\\n\`\`\`json\\s*|([^\\n<{]+?)\\s*${separator}\\s*)$`,
  ),
  headOnly: true,
}

const KIMI = {
  all: '<|tool_calls_section_begin|>',
  end: '<|tool_calls_section_end|>',
  open: '<|tool_call_begin|>',
  separator: '<|tool_call_argument_begin|>',
  close: '<|tool_call_end|>',
}
const kimiCalls: Objects = {
  marks: Object.values(KIMI),
  open: KIMI.open,
  head: /<\|tool_call_begin\|>\s*(?:functions\.)?([^\s<>{}]+?)(?::\d+)?\s*<\|tool_call_argument_begin\|>\s*$/,
  headOnly: true,
}

const each = (marks: typeof KIMI, spell: (call: Call, index: number) => string): Spelling => ({
  calls: (calls) => marks.all + calls.map((call, i) => marks.open + spell(call, i) + marks.close).join('') + marks.end,
})

export const deepseekV3: CallFormat = {
  what: 'DeepSeek V3 and R1: a name and a fence of JSON between tool-call tokens; V3.1’s form is read too',
  opens: Object.values(DEEPSEEK),
  parse: (text) => parseObjects(text, deepseekCalls),
  write: (turn) =>
    writeTurn(
      turn,
      each(DEEPSEEK, (call) => `function${separator}${call.name}\n\`\`\`json\n${argumentsText(call)}\n\`\`\``),
    ),
}

export const deepseekV31: CallFormat = {
  what: 'DeepSeek V3.1: a name and JSON between tool-call tokens; V3’s form is read too',
  opens: Object.values(DEEPSEEK),
  parse: (text) => parseObjects(text, deepseekCalls),
  write: (turn) =>
    writeTurn(
      turn,
      each(DEEPSEEK, (call) => call.name + separator + argumentsText(call)),
    ),
}

export const kimiK2: CallFormat = {
  what: 'Kimi K2: functions.NAME:INDEX and JSON between tool-call tokens',
  opens: Object.values(KIMI),
  parse: (text) => parseObjects(text, kimiCalls),
  write: (turn) =>
    writeTurn(
      turn,
      each(KIMI, (call, i) => `functions.${call.name}:${i}${KIMI.separator}${argumentsText(call)}`),
    ),
}
