// Calls whose arguments are elements with bare text, as Qwen3-Coder, Seed-OSS, MiniMax and GLM write them.
import type { Call, CallFormat, Parsed, ThoughtTags } from './format.ts'
import { isObject, type Json } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'
import { Malformed, readValue, splitThinkOf, type Part } from './read.ts'
import { valueText, writeTurn } from './write.ts'

/** How one model spells a call. Patterns are sticky but `open`, which is global. */
interface Elements {
  /** Up to the first argument; group 1 is the name. */
  open: RegExp
  /** Up to the value; group 1 is the key, group 2 whether the value is text ("true") or JSON ("false") where the spelling says so. */
  parameter: RegExp
  /** What ends a value, and what must follow that, so that the same text within a value does not end it. */
  valueEnd: string
  follows: RegExp
  close: RegExp
  /** Marks that set calls apart and are no text. */
  marks: readonly string[]
  /** What a call begins with, where no mark stands before it. */
  head: string
  /** Tags of thinking beside <think>. */
  thought?: ThoughtTags
  /** A value stands on lines of its own. */
  lines?: boolean
  write(calls: readonly { name: string; values: [key: string, text: string, isText: boolean][] }[]): string
}

interface Block extends Part {
  state: 'whole' | 'cut' | 'broken'
  name: string
  values: [key: string, value: Json][]
}

/** The calls of a text in order; time is linear in it. */
function* blocks(text: string, spelling: Elements): Generator<Block> {
  const { open, parameter, close } = spelling
  for (let from = 0; ;) {
    open.lastIndex = from
    const head = open.exec(text)
    if (!head) return
    const block: Block = { start: head.index, end: open.lastIndex, state: 'broken', name: head[1]!.trim(), values: [] }
    for (let key = matchAt(parameter, text, block.end); key; key = matchAt(parameter, text, block.end)) {
      const start = block.end + key[0].length
      const end = endOfValue(text, start, spelling)
      block.end = end < 0 ? text.length : end + spelling.valueEnd.length
      const value = end < 0 ? '' : trimmed(text.slice(start, end), spelling.lines)
      if (end >= 0) block.values.push([key[1]!.trim(), key[2] === 'true' ? value : typed(value)])
    }
    const tail = matchAt(close, text, block.end)
    if (tail) [block.end, block.state] = [block.end + tail[0].length, 'whole']
    else if (matchAt(CUT, text, block.end)) [block.end, block.state] = [text.length, 'cut']
    yield block
    from = block.end
  }
}

/** Nothing more, or a tag that the text's end cuts short. */
const CUT = /\s*(?:<[^<>]{0,300})?$/y

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function endOfValue(text: string, start: number, { valueEnd, follows }: Elements): number {
  for (let end = text.indexOf(valueEnd, start); end >= 0; end = text.indexOf(valueEnd, end + 1)) {
    if (matchAt(follows, text, end + valueEnd.length)) return end
  }
  return -1
}

function trimmed(value: string, lines: boolean | undefined): string {
  return lines ? value.replace(/^\n/, '').replace(/\n$/, '') : value
}

/** Without the tool's schema: JSON, or Python's three words, where the text is that; else the text itself. */
function typed(text: string): Json {
  const word = strip(text)
  if (Object.hasOwn(WORDS, word)) return WORDS[word]!
  if (!/^(?:[[{]|-?\d|true$|false$|null$)/.test(word)) return text
  try {
    return readValue(word)
  } catch (error) {
    if (error instanceof Malformed) return text
    throw error
  }
}

const WORDS: Record<string, Json> = { True: true, False: false, None: null }

function parseElements(completion: string, spelling: Elements): Parsed {
  const { think, text, unfinished } = splitThinkOf(completion, (whole) => blocks(whole, spelling), spelling.thought)
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  const calls: Call[] = []
  let rest = ''
  let fault: string | null = null
  let at = 0
  for (const { start, end, state, name, values } of blocks(text, spelling)) {
    if (state === 'whole') {
      calls.push({ name, arguments: Object.fromEntries(values) })
      rest += text.slice(at, start)
      at = end
    } else fault ??= state === 'cut' ? 'truncated: the text ends inside a call' : `malformed: the call of ${name}`
  }
  rest += text.slice(at)
  const [mark] = spelling.marks
  if (calls.length === 0 && mark !== undefined && rest.includes(mark)) fault ??= `malformed: ${mark} without a call`
  return { think, calls, rest: strip(spelling.marks.reduce((all, each) => all.replaceAll(each, ''), rest)), fault }
}

const formatOf = (what: string, spelling: Elements): CallFormat => ({
  what,
  opens: [...spelling.marks, spelling.head],
  ...(spelling.thought && { thought: spelling.thought }),
  parse: (text) => parseElements(text, spelling),
  write: (turn) =>
    writeTurn(turn, {
      calls: (calls) =>
        spelling.write(
          calls.map(({ name, arguments: values }) => ({
            name,
            values: Object.entries(isObject(values) ? values : {}).map(([key, value]) => [
              key,
              valueText(value),
              typeof value === 'string',
            ]),
          })),
        ),
    }),
})

const functions = (open: string, close: string): Elements => ({
  open: /<function=([^>\n]{1,300})>\s*/g,
  parameter: /\s*<parameter=([^>\n]{1,300})>/y,
  valueEnd: '</parameter>',
  follows: /\s*(?:<parameter=|<\/function>)/y,
  close: /\s*<\/function>/y,
  marks: [open, close],
  head: '<function=',
  lines: true,
  write: (calls) =>
    calls
      .map(({ name, values }) => {
        const spelt = values.map(([key, text]) => `<parameter=${key}>\n${text}\n</parameter>\n`).join('')
        return `${open}\n<function=${name}>\n${spelt}</function>\n${close}`
      })
      .join('\n'),
})

export const qwen3Coder = formatOf(
  'Qwen3-Coder: <function=NAME> with a <parameter=KEY> for each argument, in <tool_call> tags',
  functions('<tool_call>', '</tool_call>'),
)

export const seedOss = formatOf(
  'Seed-OSS: <function=NAME> with a <parameter=KEY> for each argument, in <seed:tool_call> tags',
  {
    ...functions('<seed:tool_call>', '</seed:tool_call>'),
    thought: { open: '<seed:think>', close: '</seed:think>' },
  },
)

export const minimaxM2 = formatOf('MiniMax M2: <invoke name="…"> with a <parameter name="…"> for each argument', {
  open: /<invoke name="([^"\n]{1,300})">\s*/g,
  parameter: /\s*<parameter name="([^"\n]{1,300})">/y,
  valueEnd: '</parameter>',
  follows: /\s*(?:<parameter name="|<\/invoke>)/y,
  close: /\s*<\/invoke>/y,
  marks: ['<minimax:tool_call>', '</minimax:tool_call>'],
  head: '<invoke',
  write: (calls) =>
    `<minimax:tool_call>\n${calls
      .map(({ name, values }) => {
        const spelt = values.map(([key, text]) => `<parameter name="${key}">${text}</parameter>\n`).join('')
        return `<invoke name="${name}">\n${spelt}</invoke>\n`
      })
      .join('')}</minimax:tool_call>`,
})

export const glm45 = formatOf(
  'GLM 4.5: a name, then <arg_key> and <arg_value> for each argument, in <tool_call> tags',
  {
    open: /<tool_call>\s*([^\s<>{}[\]"]+)(?=\s*(?:<|$))/g,
    parameter: /\s*<arg_key>([^<]*)<\/arg_key>\s*<arg_value>/y,
    valueEnd: '</arg_value>',
    follows: /\s*(?:<arg_key>|<\/tool_call>)/y,
    close: /\s*<\/tool_call>/y,
    marks: ['<tool_call>', '</tool_call>'],
    head: '<tool_call>',
    write: (calls) =>
      calls
        .map(({ name, values }) => {
          const spelt = values
            .map(([key, text]) => `<arg_key>${key}</arg_key>\n<arg_value>${text}</arg_value>\n`)
            .join('')
          return `<tool_call>${name}\n${spelt}</tool_call>`
        })
        .join('\n'),
  },
)

/** DeepSeek's mark is written with U+FF5C. */
const DSML = '\uff5cDSML\uff5c'

/** DeepSeek's markup since V3.2, which says of each value whether it is text. Both names of the block are read. */
const dsml = (block: string): Elements => ({
  head: `<${DSML}invoke`,
  open: new RegExp(`<${DSML}invoke\\s+name="([^"\\n]{1,300})"\\s*>\\s*`, 'g'),
  parameter: new RegExp(`\\s*<${DSML}parameter\\s+name="([^"\\n]{1,300})"(?:\\s+string="(true|false)")?\\s*>`, 'y'),
  valueEnd: `</${DSML}parameter>`,
  follows: new RegExp(`\\s*(?:<${DSML}parameter\\s|</${DSML}invoke>)`, 'y'),
  close: new RegExp(`\\s*</${DSML}invoke>`, 'y'),
  marks: [block, ...['tool_calls', 'function_calls'].filter((each) => each !== block)].flatMap((each) => [
    `<${DSML}${each}>`,
    `</${DSML}${each}>`,
  ]),
  write: (calls) => {
    const spelt = calls.map(({ name, values }) => {
      const parameters = values.map(
        ([key, text, isText]) => `<${DSML}parameter name="${key}" string="${isText}">${text}</${DSML}parameter>\n`,
      )
      return `<${DSML}invoke name="${name}">\n${parameters.join('')}</${DSML}invoke>\n`
    })
    return `<${DSML}${block}>\n${spelt.join('')}</${DSML}${block}>`
  },
})

export const deepseekV32 = formatOf(
  'DeepSeek V3.2: <\uff5cDSML\uff5cinvoke name="…"> with a parameter for each argument, in function_calls',
  dsml('function_calls'),
)

export const deepseekV4 = formatOf(
  'DeepSeek V4: <\uff5cDSML\uff5cinvoke name="…"> with a parameter for each argument, in tool_calls',
  dsml('tool_calls'),
)
