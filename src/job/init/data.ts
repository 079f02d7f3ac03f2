// hone init data: rows in hone's own layout, and the same dialogue as OpenAI's clients log it, for hone prep.
import { jsonLines, type Starter } from './starter.ts'

export const dataStarter: Starter = {
  what: 'rows in the layout that every command reads, and raw ones to be prepared',
  files: () => ({ 'rows.jsonl': jsonLines(ROWS), 'openai.jsonl': jsonLines(LOGGED) }),
  next: (at) => [
    [['lint', at('rows.jsonl')], 'check rows'],
    [['prep', at('openai.jsonl'), '-o', at('prepared.jsonl')], 'make such rows of raw ones'],
    [['init', 'train', '-o', 'mine'], 'rows, a model and a configuration that train'],
  ],
}

const tool = (name: string, description: string, properties: Record<string, object>, required: string[]) => ({
  name,
  description,
  parameters: { type: 'object', properties, required },
})

const WEATHER = tool(
  'get_weather',
  'Tells the weather of the next days.',
  {
    city: { type: 'string', description: 'Name of the city.' },
    days: { type: 'integer', description: 'How many days, 1 to 7.' },
  },
  ['city', 'days'],
)
const REMINDER = tool(
  'set_reminder',
  'Reminds at a time of day.',
  {
    text: { type: 'string', description: 'What to say.' },
    time: { type: 'string', description: 'As HH:MM.' },
  },
  ['text', 'time'],
)
const tools = [WEATHER, REMINDER]
const user = (content: string) => ({ role: 'user', content })
const call = (name: string, values: object) => ({ name, arguments: values })
const oslo = call('get_weather', { city: 'Oslo', days: 3 })
const umbrella = call('set_reminder', { text: 'take an umbrella', time: '07:30' })

/** One call, two calls, none that fits, and a dialogue that goes on after a result. */
const ROWS = [
  {
    id: 'one-call',
    source: 'mine',
    messages: [user('What will the weather be in Oslo over the next 3 days?')],
    tools,
    answer: [oslo],
    meta: {},
  },
  {
    id: 'two-calls',
    source: 'mine',
    messages: [user('Weather in Oslo for 3 days, and remind me at 07:30 to take an umbrella.')],
    tools,
    answer: [oslo, umbrella],
    meta: {},
  },
  {
    id: 'no-tool-fits',
    source: 'mine',
    messages: [user('Book me a table for two.')],
    tools,
    answer: [],
    meta: {},
  },
  {
    id: 'after-a-result',
    source: 'mine',
    messages: [
      user('If it rains in Oslo in the next 3 days, remind me at 07:30 to take an umbrella.'),
      { role: 'assistant', content: '', tool_calls: [oslo] },
      { role: 'tool', content: '{"rain": true}' },
    ],
    tools,
    answer: [umbrella],
    meta: {},
  },
]

const openaiCall = (id: string, { name, arguments: values }: ReturnType<typeof call>) => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(values) },
})

/** Every call of the assistant becomes a row. */
const LOGGED = [
  {
    messages: [
      user('If it rains in Oslo in the next 3 days, remind me at 07:30 to take an umbrella.'),
      { role: 'assistant', content: null, tool_calls: [openaiCall('call_1', oslo)] },
      { role: 'tool', tool_call_id: 'call_1', content: '{"rain": true}' },
      { role: 'assistant', content: null, tool_calls: [openaiCall('call_2', umbrella)] },
    ],
    tools: tools.map((each) => ({ type: 'function', function: each })),
  },
]
