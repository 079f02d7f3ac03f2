// Rules about tools: their names, their number, and parameters that are no schema of an object.
import { dumpJson, isObject, type Json } from '../../text/json.ts'
import type { Tool } from '../../dialogue/row.ts'
import { EXAMPLE, example, type Fault, type Rule } from '../rule.ts'
import { repair } from './schema-fix.ts'

const [TOOL] = EXAMPLE.tools

export const toolRules: Rule[] = [
  {
    code: 'HN202',
    severity: 'error',
    what: 'The parameters are no schema of an object.',
    why: 'A flat map of parameters has neither properties nor required; every argument then counts as unknown.',
    hint: 'write {"type": "object", "properties": {…}, "required": […]}; --fix wraps a flat map',
    bad: example({ tools: [{ ...TOOL, parameters: { city: { type: 'string' } } }], answer: [] }),
    good: example({ answer: [] }),
    on: 'tool',
    check: ({ name, parameters }) =>
      parameters['type'] === 'object' && isObject(parameters['properties'])
        ? undefined
        : { message: `the parameters of ${name} need "type": "object" and "properties"`, at: ['parameters'] },
    fix: repair,
  },
  {
    code: 'HN204',
    severity: 'error',
    what: 'Two different tools have the same name.',
    why: 'A call cannot say which of them it means, and checkers take the first.',
    hint: 'rename one of them',
    bad: example({ tools: [TOOL, { ...TOOL, description: 'Weather of the past.' }] }),
    good: example(),
    on: 'row',
    check: ({ tools }) => repeated(tools, (a, b) => dumpJson(a) !== dumpJson(b), 'is the name of another tool too'),
  },
  {
    code: 'HN205',
    severity: 'warning',
    what: 'The same tool is offered twice.',
    why: 'It costs tokens and tells the model nothing.',
    hint: 'offer it once',
    bad: example({ tools: [TOOL, TOOL] }),
    good: example(),
    on: 'row',
    check: ({ tools }) => repeated(tools, (a, b) => dumpJson(a) === dumpJson(b), 'is offered twice'),
    fix(row) {
      if (!Array.isArray(row['tools'])) return undefined
      const texts = row['tools'].map((tool) => dumpJson(tool))
      const once = row['tools'].filter((_, i) => texts.indexOf(texts[i]!) === i)
      return once.length < texts.length ? { ...row, tools: once } : undefined
    },
  },
  {
    code: 'HN206',
    severity: 'info',
    optIn: true,
    what: 'The name of a tool holds characters that interfaces refuse.',
    why: 'OpenAI-compatible endpoints take letters, digits, _ and -, at most 64; other names fail at serving time.',
    hint: 'hone prep --format openai renames such tools',
    bad: example({ tools: [{ ...TOOL, name: 'Weather (Europe)' }], answer: [] }),
    good: example(),
    on: 'tool',
    check: ({ name }) =>
      /^[a-zA-Z0-9_-]{1,64}$/.test(name)
        ? undefined
        : { message: `"${name}" is no name that OpenAI-compatible endpoints take`, at: ['name'] },
  },
  {
    code: 'HN207',
    severity: 'warning',
    what: 'The name of a tool is empty or has blanks around it.',
    why: 'A call that spells the name without the blanks is counted as wrong.',
    hint: 'trim the name, here and in the answer',
    bad: example({ tools: [{ ...TOOL, name: 'get_weather ' }], answer: [] }),
    good: example(),
    on: 'tool',
    check: ({ name }) =>
      name === '' || name.trim() !== name
        ? { message: `"${name}" is empty or has blanks around it`, at: ['name'] }
        : undefined,
  },
  {
    code: 'HN208',
    severity: 'info',
    what: 'A tool has no description.',
    why: 'The model can only guess from the name what the tool does.',
    hint: 'say in a sentence what the tool does',
    bad: example({ tools: [{ ...TOOL, description: '' }] }),
    good: example(),
    on: 'tool',
    check: ({ name, description }) =>
      description === undefined || description.trim() === ''
        ? { message: `${name} has no description`, at: ['description'] }
        : undefined,
  },
  {
    code: 'HN218',
    severity: 'warning',
    what: 'More than 128 tools are on offer.',
    why: 'OpenAI-compatible endpoints refuse longer lists, and the prompt is mostly tools.',
    hint: 'offer fewer tools in a row',
    bad: example({
      tools: Array.from({ length: 129 }, (_, i) => ({
        name: i === 0 ? 'get_weather' : `tool_${i}`,
        description: 'd',
        parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
      })),
    }),
    good: example(),
    on: 'row',
    check: ({ tools }) =>
      tools.length > 128 ? { message: `${tools.length} tools are on offer`, at: ['tools'] } : undefined,
  },
]

function repeated(tools: readonly Tool[], guilty: (a: Json, b: Json) => boolean, message: string): Fault[] | undefined {
  let faults: Fault[] | undefined
  for (let i = 1; i < tools.length; i++) {
    const { name } = tools[i]!
    for (let j = 0; j < i; j++) {
      if (tools[j]!.name !== name) continue
      if (guilty({ ...tools[j]! }, { ...tools[i]! }))
        (faults ??= []).push({ message: `"${name}" ${message}`, at: ['tools', i, 'name'] })
      break
    }
  }
  return faults
}
