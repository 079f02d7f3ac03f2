// How the calls of each format stand in a turn, as grammars.
import { callHead, perhapsLine, type CallGrammar, type CallRules } from '../grammar/frame.ts'
import { argumentBut, type Layout } from '../grammar/layout.ts'
import { members } from '../grammar/members.ts'
import { literal, optional, sequence } from '../grammar/regular.ts'
import { either, inRow, never, nothing, times, type Rule } from '../grammar/rule.ts'
import { jsonSpelling, pythonSpelling } from '../grammar/spelling.ts'

/** Rest of the object of a call, from behind its first brace. */
const objectOf = (key: string, { name, object }: CallRules, layout: Layout): Rule =>
  inRow(callHead(layout, name, key), object, layout.text('}'))

const anyOf = (key: string, tools: readonly CallRules[], layout: Layout): Rule =>
  either(...tools.map((tool) => objectOf(key, tool, layout)))

/** Items with commas between them, or nothing unless there have to be some. */
const list = (item: Rule, { comma }: Layout, some: boolean): Rule =>
  either(inRow(item, times(inRow(comma, item), 0, Infinity)), some ? never : nothing)

export const toolN1Grammar: CallGrammar = {
  spelling: jsonSpelling,
  mark: '<tool_call>',
  always: true,
  body(tools, layout, some) {
    const call = inRow(layout.text('{'), anyOf('arguments', tools, layout))
    return inRow(perhapsLine(layout), layout.text('['), list(call, layout, some), layout.text(']'), closing(layout))
  },
}

export const hermesGrammar: CallGrammar = {
  spelling: jsonSpelling,
  mark: '<tool_call>',
  body: (tools, layout) =>
    inRow(perhapsLine(layout), layout.text('{'), anyOf('arguments', tools, layout), closing(layout)),
  between: perhapsLine,
}

export const llama3Grammar: CallGrammar = {
  spelling: jsonSpelling,
  mark: '{',
  never: ['[', '<|python_tag|>'],
  body: (tools, layout) => anyOf('parameters', tools, layout),
  between: ({ match, space }) => match(sequence(literal(';'), space)),
}

export const pythonicGrammar: CallGrammar = {
  spelling: pythonSpelling,
  mark: '[',
  body: (tools, layout, some) =>
    inRow(list(either(...tools.map((tool) => pythonCall(tool, layout))), layout, some), layout.text(']')),
}

function closing({ match }: Layout): Rule {
  return match(sequence(optional(literal('\n')), literal('</tool_call>')))
}

/** What the parser takes for a name of a call and of an argument. */
const NAME = /^[^\s()[\]{}'"=,<](?:[^()[\]{}'"=,\n<]*[^\s()[\]{}'"=,<])?$/u
const KEY = /^[\p{L}_][\p{L}\p{N}_-]*$/u

/** A tool or a required argument whose name cannot be written as Python cannot be called. */
function pythonCall({ name, members: { properties, additional } }: CallRules, layout: Layout): Rule {
  if (!NAME.test(name)) return never
  const { text, comma, order } = layout
  const given = properties.map(({ name, value, required }) => ({
    key: text(`${name}=`),
    value: KEY.test(name) ? value : never,
    required,
  }))
  const extra = additional && inRow(argumentBut(properties.map((each) => each.name)), additional)
  return inRow(text(`${name}(`), members(given, { comma, extra, order }), text(')'))
}
