// The frame of a model's turn: thought, text and calls, as a call format has them.
import type { Json, JsonObject } from '../../text/json.ts'
import { layoutOf, type Layout, type LayoutOptions } from './layout.ts'
import { choice, literal, optional, sequence } from './regular.ts'
import { either, inRow, never, nothing, terminal, times, type Rule } from './rule.ts'
import { scan } from './scan.ts'
import { schemaRules, type SchemaRules } from './schema.ts'
import { jsonSpelling, type Spelling } from './spelling.ts'

/** How calls stand in a turn. */
export interface CallGrammar {
  spelling: Spelling
  /** What calls begin with: it begins them wherever it stands outside of a thought. */
  mark: string
  /** What text outside of calls may not hold beside the mark, as the parser might take it for a call. */
  never?: readonly string[]
  /** From behind the mark to the end of the call, or of all of them where one mark opens them all: one at least, where `some`. */
  body(tools: readonly CallRules[], layout: Layout, some: boolean): Rule
  /** Between a call and the mark of the next one; undefined where one mark opens all calls. */
  between?(layout: Layout): Rule
  /** "No tool" is said as a list without calls, not as text. */
  always?: boolean
}

/** A tool as its calls are written. */
export interface CallRules {
  name: string
  /** The arguments as one object. */
  object: Rule
  members: ReturnType<SchemaRules['object']>
}

/** A tool on offer, `parameters` a JSON Schema. */
export interface Offered {
  name: string
  parameters: JsonObject
}

/** Something that a tool's schema asks and the grammar does not see to. */
export interface Notice {
  tool: string
  /** A JSON pointer into the schema. */
  path: string
  keyword: string
}

export const constraints = ['none', 'calls', 'reply'] as const
/** `calls`: free text until a call begins, then a valid one. `reply`: the whole turn in the frame of the format. */
export type Constrained = Exclude<(typeof constraints)[number], 'none'>

export interface FrameOptions extends LayoutOptions {
  what: Constrained
  /** A thought stands first in the frame, may stand there, or goes on from the prompt. */
  thought: 'first' | 'perhaps' | 'opened'
  /** At least one call. */
  required?: boolean
}

export interface Grammar {
  rule: Rule
  notices: readonly Notice[]
}

/** Tags that a tokenizer may keep as tokens of their own; as text of a string they are spelt. */
export const TAGS = ['<think>', '</think>', '<tool_call>', '</tool_call>']

/** The turns of a model that calls these tools. */
export function turnGrammar(calls: CallGrammar, tools: readonly Offered[], options: FrameOptions): Grammar {
  const layout = layoutOf(calls.spelling, options)
  const notices: Notice[] = []
  const rules = tools.map(({ name, parameters }): CallRules => {
    const { value, object, unkept } = schemaRules(layout)
    const read = { name, object: value({ type: 'object', ...parameters }, parameters), members: object(parameters) }
    notices.push(...unkept.map((each) => ({ tool: name, ...each })))
    return read
  })
  const body = calls.body(rules, layout, options.required ?? false)
  const between = calls.between?.(layout)
  const more = between ? times(inRow(between, layout.text(calls.mark), body), 0, Infinity) : nothing
  const parts = { layout, calls, run: inRow(body, more) }
  return { rule: options.what === 'reply' ? replyRule(parts, options) : freeRule(parts, options), notices }
}

/** A value of a JSON Schema and nothing else. */
export function valueGrammar(
  schema: Json,
  options: LayoutOptions = {},
): { rule: Rule; notices: Omit<Notice, 'tool'>[] } {
  const { value, unkept } = schemaRules(layoutOf(jsonSpelling, options))
  return { rule: value(schema), notices: [...unkept] }
}

interface Parts {
  layout: Layout
  calls: CallGrammar
  /** Calls from behind the first mark to the end of the turn. */
  run: Rule
}

function replyRule({ layout, calls, run }: Parts, { thought, required = false }: FrameOptions): Rule {
  const { mark } = calls
  const inside = terminal(scan({ until: ['</think>'], never: ['<think>', mark] }))
  const gap = layout.match(choice(literal(''), literal('\n'), literal('\n\n')))
  const begun = inRow(inside, gap)
  const whole = inRow(layout.text('<think>'), begun)
  const first = { first: whole, perhaps: either(whole, nothing), opened: begun }[thought]
  const text =
    calls.always || required ? never : terminal(scan({ never: [...textNever(calls), '<think>', '</think>'] }))
  return inRow(first, either(inRow(layout.text(mark), run), text))
}

function freeRule({ calls, run }: Parts, { thought, required = false }: FrameOptions): Rule {
  const { mark } = calls
  const others = textNever(calls).filter((text) => text !== mark)
  /** Text that may begin a thought no more. */
  const said = (barred: readonly string[]): Rule =>
    either(
      inRow(terminal(scan({ until: [mark], never: [...barred, ...others] })), run),
      required ? never : terminal(scan({ never: [mark, ...barred, ...others] })),
    )
  // A call that is rehearsed is data to some readers and a call to others.
  const rehearsed = mark.length > 1 ? [mark] : []
  const afterThought = inRow(terminal(scan({ until: ['</think>'], never: rehearsed })), said([]))
  if (thought === 'opened') return afterThought
  return either(
    said(['<think>']),
    inRow(terminal(scan({ until: ['<think>'], never: [mark, ...others] })), afterThought),
  )
}

const textNever = ({ mark, never = [] }: CallGrammar): string[] => [mark, ...never]

/** Key and value of a call's object up to its arguments, `key` the name that they have there. */
export function callHead({ space, spelling, match }: Layout, name: string, key: string): Rule {
  const parts = [
    literal('"name":'),
    space,
    literal(spelling.value(name)),
    literal(','),
    space,
    literal(`"${key}":`),
    space,
  ]
  return match(sequence(...parts))
}

/** A line break, perhaps. */
export const perhapsLine = ({ match }: Layout): Rule => match(optional(literal('\n')))
