// Tool-N1's prompt (arXiv 2505.00024, figure 2) in our own words: same parts, same order, same tags.
import { callList, listInBlock, writeTurn } from '../call/write.ts'
import { dumpJson } from '../../text/json.ts'
import { withSystem, type Answered, type Asked, type PromptForm } from './form.ts'
import type { Message, Tool, ToolCall } from '../row.ts'

interface Variant {
  what: string
  /** Ask for a thought before the calls. */
  think: boolean
  /** As the benchmark handler has it: says what to write where no tool fits, and shows earlier answers in their tags. */
  evaluation?: boolean
}

const INTRODUCTION =
  'You are skilled at putting function calls together. You get a question and a set of functions that may help with it. ' +
  'Answer it with one or more calls. If no function is of use, say so; if the question lacks a value that a function needs, say that instead. ' +
  'Write calls in the tool-call part of your answer and nowhere else.\n' +
  'These functions, given as JSON, are at your disposal:'

const THINK_RULES = `At every step you MUST:
1. First think about what to do, and put your thoughts between <think> and </think>.
2. Then give the calls as JSON, names and arguments, between <tool_call> and </tool_call>, as one list:
<tool_call>
[{"name": <name of the function>, "arguments": <its arguments as a JSON object>}, ...]
</tool_call>
3. Give both parts, in this order, in a single reply.

A complete reply looks like this:
<think>To tell Ada about the meeting and to order the pears, I send a mail and then place an order.</think>
<tool_call>
[{"name": "send_mail", "arguments": {"to": "Ada", "text": "We meet at nine."}}, {"name": "order", "arguments": {"item": "pears"}}]
</tool_call>`

const PLAIN_RULES = `At every step you MUST give the calls as JSON, names and arguments, between <tool_call> and </tool_call>, as one list.

A complete reply looks like this:
<tool_call>
[{"name": "send_mail", "arguments": {"to": "Ada", "text": "We meet at nine."}}, {"name": "order", "arguments": {"item": "pears"}}]
</tool_call>`

const TYPES = 'Make sure that every argument has the type its function asks for.'
const NO_TOOL = 'Where no function can be used, reply with <tool_call>[]</tool_call> after your thoughts.'

/** A form of the Tool-N1 family. */
export function toolN1({ what, think, evaluation = false }: Variant): PromptForm {
  const system = ({ messages, tools }: Asked): string => {
    const own = messages
      .filter(({ role, content }) => role === 'system' && content !== '')
      .map(({ content }) => content)
    return [
      // The benchmark handler puts its text in place of the data set's own.
      ...(evaluation ? [] : own),
      INTRODUCTION,
      `# Tool\n\n<tools>\n${toolLines(tools)}\n</tools>`,
      think ? THINK_RULES : PLAIN_RULES,
      evaluation ? `${TYPES} ${NO_TOOL}` : TYPES,
    ].join('\n\n')
  }
  return {
    what,
    format: 'tool-n1',
    ...withSystem(system, evaluation ? taggedTurn : quotedTurn),
    target: (row) => rightAnswer(row, think),
  }
}

/** One tool per line, wrapped as OpenAI's interface wraps them. */
export function toolLines(tools: readonly Tool[]): string {
  return tools.map((tool) => dumpJson({ type: 'function', function: tool }, { ensureAscii: false })).join('\n')
}

/** Evaluation shows an earlier answer as the model wrote it; a turn without a thought has the thought "None". */
export function taggedTurn({ content, tool_calls = [] }: Message): string {
  return writeTurn({ think: content || 'None', text: '', calls: tool_calls }, listInBlock)
}

/** Training shows an earlier answer as the published rows hold it: the list as JSON text, written as a JSON string once more. */
function quotedTurn({ tool_calls = [] }: Message): string {
  return dumpJson(callList(tool_calls), { ensureAscii: false })
}

/**
 * The right answer; its thought is `meta.thought`, else one sentence. Where a tool's result came last and nothing is to be
 * called, it is what the row says then; "no function fits" would be untrue.
 */
export function rightAnswer({ messages, answer, meta }: Answered, think: boolean): string {
  const { thought, reply } = meta
  const concludes = answer.length === 0 && messages.at(-1)?.role === 'tool' && typeof reply === 'string'
  const text = concludes ? reply : ''
  const plain = text === '' ? plainThought(answer) : 'The results are enough for an answer.'
  return writeTurn(
    { think: think ? (typeof thought === 'string' ? thought : plain) : null, text, calls: answer },
    listInBlock,
  )
}

function plainThought(calls: readonly ToolCall[]): string {
  return calls.length === 0 ? 'No function fits.' : `I call ${calls.map(({ name }) => name).join(', then ')}.`
}
