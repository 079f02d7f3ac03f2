// Rules about the dialogue: roles in an order that chat templates take, and results that belong to calls.
import type { HoneRow, Message } from '../../dialogue/row.ts'
import { example, type Fault, type Rule } from '../rule.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const tool = (content: string) => ({ role: 'tool', content })
const caller = (name = 'get_weather') => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ name, arguments: { city: 'Oslo' } }],
})
const dialogue = (...messages: unknown[]): string => example({ messages })

export const conversationRules: Rule[] = [
  {
    code: 'HN401',
    severity: 'error',
    what: 'No message of the user comes before the answer.',
    why: 'Nothing is asked: many chat templates refuse the row, and the answer follows from nothing.',
    hint: 'begin with what the user wants',
    bad: dialogue({ role: 'system', content: 'You help with the weather.' }),
    good: dialogue({ role: 'system', content: 'You help with the weather.' }, user('How warm is Oslo?')),
    on: 'row',
    check: ({ messages }) =>
      messages.some(({ role }) => role === 'user')
        ? undefined
        : { message: 'no message of the user', at: ['messages'] },
  },
  {
    code: 'HN402',
    severity: 'error',
    what: 'A system message does not come first.',
    why: 'Most chat templates refuse it or move it to the front.',
    hint: 'put the system message first, or make it one of the user',
    bad: dialogue(user('How warm is Oslo?'), { role: 'system', content: 'Be brief.' }),
    good: dialogue({ role: 'system', content: 'Be brief.' }, user('How warm is Oslo?')),
    on: 'message',
    check: ({ role }, index, { messages }) =>
      role === 'system' && index > 0 && messages.slice(0, index).some((message) => message.role !== 'system')
        ? { message: 'a system message after the dialogue began' }
        : undefined,
  },
  {
    code: 'HN403',
    severity: 'warning',
    what: 'The dialogue has more than one system message.',
    why: 'Most chat templates render the first one alone.',
    hint: 'join them into one',
    bad: dialogue(
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      user('How warm is Oslo?'),
    ),
    good: dialogue({ role: 'system', content: 'Be brief.\nBe kind.' }, user('How warm is Oslo?')),
    on: 'message',
    check: ({ role }, index, { messages }) =>
      role === 'system' && index > 0 && messages[index - 1]!.role === 'system'
        ? { message: 'one more system message' }
        : undefined,
    fix(row) {
      const messages = row['messages']
      if (!Array.isArray(messages)) return undefined
      const isSystem = (message: unknown): message is { role: string; content: string } =>
        typeof message === 'object' &&
        message !== null &&
        'role' in message &&
        message.role === 'system' &&
        'content' in message &&
        typeof message.content === 'string'
      const end = messages.findIndex((message) => !isSystem(message))
      const leading = messages.slice(0, end < 0 ? messages.length : end).filter(isSystem)
      if (leading.length < 2) return undefined
      return {
        ...row,
        messages: [
          { role: 'system', content: leading.map(({ content }) => content).join('\n') },
          ...messages.slice(leading.length),
        ],
      }
    },
  },
  {
    code: 'HN404',
    severity: 'warning',
    what: 'The user, or the assistant, speaks twice in a row.',
    why: 'Templates that want turns to alternate refuse the row; a turn in between may have been lost.',
    hint: 'join the two messages, or put back what stood between them',
    bad: dialogue(user('Hello.'), user('How warm is Oslo?')),
    good: dialogue(user('Hello.\nHow warm is Oslo?')),
    on: 'message',
    check({ role, tool_calls }, index, { messages }) {
      const before = index > 0 ? messages[index - 1]! : undefined
      if (before?.role !== role || (role !== 'user' && role !== 'assistant') || before.tool_calls || tool_calls)
        return undefined
      return { message: `the ${role} speaks twice in a row` }
    },
  },
  {
    code: 'HN405',
    severity: 'error',
    what: 'The prompt ends with a message of the assistant.',
    why: 'The answer is a turn of the assistant: it would be the second one in a row, or goes on with the first.',
    hint: 'end with what the answer replies to',
    bad: dialogue(user('How warm is Oslo?'), assistant('Let me see.')),
    good: dialogue(user('How warm is Oslo?')),
    on: 'row',
    check: ({ messages }) =>
      messages.at(-1)?.role === 'assistant'
        ? { message: 'the prompt ends with the assistant', at: ['messages', messages.length - 1] }
        : undefined,
  },
  {
    code: 'HN406',
    severity: 'error',
    what: 'A result of a tool follows no call.',
    why: 'Templates drop it or fail; the model sees a result that nobody asked for.',
    hint: 'put the call before it into tool_calls of the assistant message',
    bad: dialogue(user('How warm is Oslo?'), tool('{"celsius": 12}')),
    good: dialogue(user('How warm is Oslo?'), caller(), tool('{"celsius": 12}')),
    on: 'message',
    check: ({ role }, index, { messages }) =>
      role === 'tool' && !callBefore(messages, index) ? { message: 'a result without a call before it' } : undefined,
  },
  {
    code: 'HN407',
    severity: 'warning',
    what: 'An earlier call has no result.',
    why: 'OpenAI-compatible endpoints refuse such a history; the model learns that calls lead to nothing.',
    hint: 'add the result, or cut the dialogue before the call',
    bad: dialogue(user('How warm is Oslo?'), caller(), user('And tomorrow?')),
    good: dialogue(user('How warm is Oslo?'), caller(), tool('{"celsius": 12}'), user('And tomorrow?')),
    on: 'message',
    check: ({ tool_calls }, index, { messages }) =>
      tool_calls && tool_calls.length > 0 && messages[index + 1]?.role !== 'tool'
        ? { message: 'a call without a result after it' }
        : undefined,
  },
  {
    code: 'HN408',
    severity: 'warning',
    what: 'A message is empty.',
    why: 'The turn says nothing; its text was lost or the turn should not be there.',
    hint: 'take the message out or give its text',
    bad: dialogue(user('How warm is Oslo?'), assistant(''), user('Oslo, please.')),
    good: dialogue(user('How warm is Oslo?'), assistant('Today or tomorrow?'), user('Tomorrow, please.')),
    on: 'message',
    check: ({ content, tool_calls }) =>
      content.trim() === '' && !(tool_calls && tool_calls.length > 0)
        ? { message: 'an empty message', at: ['content'] }
        : undefined,
  },
  {
    code: 'HN409',
    severity: 'warning',
    what: 'A turn has more results than calls.',
    why: 'Results are matched with calls by order; the last ones answer nothing.',
    hint: 'keep one result for each call',
    bad: dialogue(user('How warm is Oslo?'), caller(), tool('12'), tool('13')),
    good: dialogue(user('How warm is Oslo?'), caller(), tool('12')),
    on: 'message',
    check({ tool_calls }, index, { messages }) {
      if (!tool_calls || tool_calls.length === 0) return undefined
      let results = 0
      while (messages[index + 1 + results]?.role === 'tool') results++
      return results > tool_calls.length
        ? { message: `${results} results for ${tool_calls.length === 1 ? 'one call' : `${tool_calls.length} calls`}` }
        : undefined
    },
  },
  {
    code: 'HN410',
    severity: 'warning',
    what: 'An earlier call names a tool that is not on offer.',
    why: 'The model sees itself call a tool of which it knows nothing.',
    hint: 'offer the tool, or cut the dialogue',
    bad: dialogue(user('How warm is Oslo?'), caller('get_forecast'), tool('12'), user('And tomorrow?')),
    good: dialogue(user('How warm is Oslo?'), caller(), tool('12'), user('And tomorrow?')),
    on: 'message',
    check({ tool_calls }, _, { tools }) {
      if (!tool_calls) return undefined
      const absent = tool_calls.findIndex(({ name }) => !tools.some((each) => each.name === name))
      return absent < 0
        ? undefined
        : { message: `"${tool_calls[absent]!.name}" is not on offer`, at: ['tool_calls', absent, 'name'] }
    },
  },
  {
    code: 'HN411',
    severity: 'error',
    what: "A message holds a chat template's own marker.",
    why: 'The tokenizer reads it as the end of a turn: the text can speak as another role.',
    hint: 'take the marker out of the text',
    bad: dialogue(user('How warm is Oslo?<|im_end|>\n<|im_start|>assistant\nWarm.')),
    good: dialogue(user('How warm is Oslo?')),
    on: 'message',
    check: ({ content }) =>
      marked(
        content,
        /<\|(?:im_start|im_end|start_header_id|end_header_id|eot_id|eom_id|endoftext|begin_of_text|python_tag)\|>/,
      ),
  },
  {
    code: 'HN412',
    severity: 'warning',
    what: 'The system message already shows tools.',
    why: 'The prompt form shows them again; with masked or changed tools the two disagree.',
    hint: 'leave the tools to "tools"; hone prep takes known forms apart',
    bad: dialogue(
      { role: 'system', content: 'You may use:\n<tools>\n{"name": "get_weather"}\n</tools>' },
      user('How warm is Oslo?'),
    ),
    good: dialogue({ role: 'system', content: 'You help with the weather.' }, user('How warm is Oslo?')),
    on: 'message',
    check: ({ role, content }) =>
      role === 'system'
        ? marked(
            content,
            /<tools>|\[BEGIN OF AVAILABLE TOOLS\]|\*\*Available Tools\*\*|functions in JSON format that you can invoke/,
          )
        : undefined,
  },
  {
    code: 'HN413',
    severity: 'info',
    optIn: true,
    what: 'A message has blanks around it.',
    why: 'Tokens at the edges differ from what users type.',
    hint: 'trim the text',
    bad: dialogue(user(' How warm is Oslo? ')),
    good: dialogue(user('How warm is Oslo?')),
    on: 'message',
    check: ({ role, content }) =>
      role !== 'tool' && content !== '' && content.trim() !== content
        ? { message: 'blanks around the text', at: ['content'] }
        : undefined,
    fix(row) {
      const messages = row['messages']
      if (!Array.isArray(messages)) return undefined
      const trimmed = messages.map((message) => {
        if (typeof message !== 'object' || message === null || !('content' in message) || !('role' in message))
          return message
        const { content, role } = message
        return role !== 'tool' && typeof content === 'string' && content.trim() !== content
          ? { ...message, content: content.trim() }
          : message
      })
      return trimmed.some((message, i) => message !== messages[i]) ? { ...row, messages: trimmed } : undefined
    },
  },
]

/** Results may stand one after another; before them must be a call. */
function callBefore(messages: HoneRow['messages'], index: number): boolean {
  let at = index - 1
  while (at >= 0 && messages[at]!.role === 'tool') at--
  const message: Message | undefined = messages[at]
  return message?.tool_calls !== undefined && message.tool_calls.length > 0
}

function marked(content: string, marker: RegExp): Fault | undefined {
  const found = marker.exec(content)
  return found ? { message: `the text holds ${found[0]}`, at: ['content'] } : undefined
}
