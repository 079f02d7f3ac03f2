// Rules about the calls of an answer: tools on offer, arguments that are there and known.
import { dumpJson, isObject } from '../../text/json.ts'
import type { Tool } from '../../dialogue/row.ts'
import { EXAMPLE, example, exampleCall, type Rule } from '../rule.ts'

export const answerRules: Rule[] = [
  {
    code: 'HN301',
    severity: 'error',
    what: 'The answer calls a tool that is not on offer.',
    why: 'The model learns to invent names; a reward can be earned only by knowing the answer.',
    hint: 'offer the tool, or take the row out (hone prep does)',
    bad: example({ answer: [{ name: 'get_forecast', arguments: { city: 'Oslo' } }] }),
    good: example(),
    on: 'call',
    check: ({ name }, tool) => (tool ? undefined : { message: `"${name}" is not on offer`, at: ['name'] }),
  },
  {
    code: 'HN302',
    severity: 'error',
    what: 'A required argument is missing.',
    why: 'The right answer breaks the schema that the model is shown.',
    hint: 'give the argument, or take it out of required',
    bad: exampleCall({ days: 1 }),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'call',
    check(call, tool) {
      const missing = requiredOf(tool, (name) => !Object.hasOwn(call.arguments, name))
      return missing?.map((name) => ({
        message: `${call.name}: the required argument "${name}" is missing`,
        at: ['arguments'],
      }))
    },
  },
  {
    code: 'HN303',
    severity: 'error',
    what: 'An argument is not in the schema.',
    why: 'The model cannot know of it; an exact match asks for a guess.',
    hint: 'describe the parameter, or take the argument out',
    bad: exampleCall({ city: 'Oslo', unit: 'celsius' }),
    good: exampleCall({ city: 'Oslo' }),
    on: 'call',
    check(call, tool) {
      const properties = tool?.parameters['properties']
      if (
        !isObject(properties) ||
        isObject(tool?.parameters['additionalProperties']) ||
        tool?.parameters['additionalProperties'] === true
      )
        return undefined
      let faults: { message: string; at: string[] }[] | undefined
      for (const name in call.arguments) {
        if (!Object.hasOwn(properties, name))
          (faults ??= []).push({ message: `"${name}" is no parameter of ${call.name}`, at: ['arguments', name] })
      }
      return faults
    },
  },
  {
    code: 'HN310',
    severity: 'warning',
    what: 'The answer makes the same call twice.',
    why: 'Rewards count calls: a model that calls once, which is enough, is counted as wrong.',
    hint: 'keep one of the calls',
    bad: example({ answer: [...EXAMPLE.answer, ...EXAMPLE.answer] }),
    good: example(),
    on: 'row',
    check({ answer }) {
      if (answer.length < 2) return undefined
      const texts = answer.map((call) => dumpJson(call, { sortKeys: true }))
      return texts.flatMap((text, i) =>
        texts.indexOf(text) < i ? [{ message: `the call of ${answer[i]!.name} is made twice`, at: ['answer', i] }] : [],
      )
    },
    fix(row) {
      if (!Array.isArray(row['answer'])) return undefined
      const texts = row['answer'].map((call) => dumpJson(call, { sortKeys: true }))
      const once = row['answer'].filter((_, i) => texts.indexOf(texts[i]!) === i)
      return once.length < texts.length ? { ...row, answer: once } : undefined
    },
  },
  {
    code: 'HN311',
    severity: 'warning',
    what: 'A required argument is an empty string.',
    why: 'The value was lost on the way: the model learns to call with nothing.',
    hint: 'give the value, or take the row out',
    bad: exampleCall({ city: '' }),
    good: exampleCall({ city: 'Oslo' }),
    on: 'call',
    check(call, tool) {
      const empty = requiredOf(tool, (name) => call.arguments[name] === '')
      return empty?.map((name) => ({
        message: `${call.name}: the required argument "${name}" is empty`,
        at: ['arguments', name],
      }))
    },
  },
  {
    code: 'HN314',
    severity: 'info',
    optIn: true,
    what: 'A value of the answer is nowhere in the dialogue.',
    why: 'The model can only guess it, unless it follows from what is said.',
    hint: 'check that the value follows from the question',
    bad: exampleCall({ city: 'Bergen', days: 1 }),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'row',
    check({ answer, messages, tools }) {
      const said = [...messages.map(({ content }) => content), dumpJson(tools)].join('\n').toLowerCase()
      return answer.flatMap((call, i) =>
        Object.entries(call.arguments).flatMap(([name, value]) =>
          typeof value === 'string' && value.length > 2 && !said.includes(value.toLowerCase())
            ? [{ message: `"${value}" is nowhere in the dialogue`, at: ['answer', i, 'arguments', name] }]
            : [],
        ),
      )
    },
  },
]

/** The required names for which something holds; undefined where there is none. */
function requiredOf(tool: Tool | undefined, holds: (name: string) => boolean): string[] | undefined {
  const required = tool?.parameters['required']
  if (!Array.isArray(required)) return undefined
  let found: string[] | undefined
  for (let i = 0; i < required.length; i++) {
    const name = required[i]
    if (typeof name === 'string' && holds(name)) (found ??= []).push(name)
  }
  return found
}
