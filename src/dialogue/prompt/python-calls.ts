// The prompt forms of BFCL and ACEBench in our own words: calls as a list of Python calls, without thinking aloud.
import { pythonCalls } from '../call/write.ts'
import { dumpJson } from '../../text/json.ts'
import { withSystem, type Asked, type PromptForm } from './form.ts'

interface Variant {
  what: string
  /** What to do, and what to say where no call can be made. */
  rules: string
  /** The row's own system text stands before or after the rules. */
  ownFirst: boolean
}

const FORMAT = '[name_1(parameter_1=value_1, parameter_2=value_2), name_2(parameter=value)]'

export const bfclForm = pythonForm({
  what: "BFCL's form: [f(a=1), g(b='x')] and nothing else",
  ownFirst: false,
  rules: `You are skilled at putting function calls together. You get a question and a set of functions; answer it with one or more calls.
If no function is of use, say so. If the question lacks a value that a function needs, say that.
Where you call functions, your reply MUST be a list of this form and hold no other text:
${FORMAT}`,
})

/** The three sentences are those that the benchmark's checker looks for. */
export const acebenchForm = pythonForm({
  what: "ACEBench's form: [f(a=1)] or one of the benchmark's three sentences",
  ownFirst: true,
  rules: `You take the part of the system in a dialogue with a user. Answer the last turn with calls of the functions below, as a list of this form and nothing else:
${FORMAT}
Give every value with the type that its function asks for.
- Where a required value is missing from the dialogue, reply: Missing necessary parameters (parameter_1, parameter_2) for the api (name)
- Where a value breaks a rule of its parameter, reply: There is incorrect value (value) for the parameters (parameter) in the conversation history.
- Where no function can do what is asked, reply: Due to the limitations of the function, I cannot solve this problem.`,
})

function pythonForm({ what, rules, ownFirst }: Variant): PromptForm {
  const system = ({ messages, tools }: Asked): string => {
    const own = messages
      .filter(({ role, content }) => role === 'system' && content !== '')
      .map(({ content }) => content)
    const asked = `${rules}\n\nThe functions, as JSON:\n${dumpJson(tools, { ensureAscii: false })}`
    return (ownFirst ? [...own, asked] : [asked, ...own]).join('\n\n')
  }
  return {
    what,
    format: 'pythonic',
    ...withSystem(system, ({ tool_calls = [] }) => pythonCalls(tool_calls)),
    target: ({ answer, meta }) =>
      answer.length > 0 || typeof meta['reply'] !== 'string' ? pythonCalls(answer) : meta['reply'],
  }
}
