// Rules about use in training: what a reward, a context window, a benchmark or a second row says about this one.
import { dumpJson } from '../../text/json.ts'
import type { ToolCall } from '../../dialogue/row.ts'
import { example, EXAMPLE, type Rule } from '../rule.ts'

export const trainingRules: Rule[] = [
  {
    code: 'HN501',
    severity: 'error',
    what: 'The right answer itself does not earn the full reward.',
    why: 'No completion can be right on this row: it only adds noise to every group it is in.',
    hint: 'compare with --reward NAME:strict; the reasons say which part was lost',
    bad: example({
      answer: [{ name: 'get_weather</tool_call>', arguments: { city: 'Oslo' } }],
      tools: [{ ...EXAMPLE.tools[0], name: 'get_weather</tool_call>' }],
    }),
    good: example(),
    needs: 'reward',
    on: 'judged',
    check({ score, best, why }, reward) {
      if (score >= best) return undefined
      return {
        message: `the right answer scores ${score} of ${best} under ${reward}${why ? `: ${why}` : ''}`,
        at: ['answer'],
      }
    },
  },
  {
    code: 'HN502',
    severity: 'error',
    what: 'Two rows ask the same and differ in the answer.',
    why: 'One of them punishes what the other rewards.',
    hint: 'decide which answer is right and take the other row out',
    bad: `${example()}\n${example({ id: 'weather-2', answer: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] })}`,
    good: example(),
    on: 'across',
    of: ({ prompt }) => prompt,
    differsIn: ({ answer }) => answer,
    check: (first) => ({ message: `the same question as on line ${first}, another answer` }),
  },
  {
    code: 'HN503',
    severity: 'error',
    what: 'The prompt is longer than the limit.',
    why: 'Training cuts or drops it without a word; a prompt that is cut has lost its tools or its question.',
    hint: 'raise --max-tokens, or leave the row out (hone prep --max-tokens does)',
    bad: example({ messages: [{ role: 'user', content: 'How warm is Oslo? '.repeat(40) }] }),
    good: example(),
    needs: 'length',
    on: 'row',
    check(row, { length }) {
      const count = length?.count(row) ?? 0
      return length && count > length.limit
        ? { message: `${count} tokens, the limit is ${length.limit}`, at: ['messages'] }
        : undefined
    },
  },
  {
    code: 'HN504',
    severity: 'warning',
    what: 'The prompt spells out the answer.',
    why: 'The model learns to copy; scores on such rows say nothing.',
    hint: 'take the call out of the question',
    bad: example({ messages: [{ role: 'user', content: 'Please run get_weather(city="Oslo", days=1) for me.' }] }),
    good: example(),
    on: 'row',
    check({ messages, answer }) {
      for (let i = 0; i < answer.length; i++) {
        const { name, arguments: values } = answer[i]!
        for (let j = 0; j < messages.length; j++) {
          const { role, content } = messages[j]!
          if (
            role !== 'tool' &&
            role !== 'assistant' &&
            name !== '' &&
            content.includes(name) &&
            spells(content, answer[i]!, Object.keys(values))
          ) {
            return { message: `the call of ${name} stands in the prompt`, at: ['messages', j, 'content'] }
          }
        }
      }
      return undefined
    },
  },
  {
    code: 'HN505',
    severity: 'error',
    what: 'The question is one of a benchmark.',
    why: 'A model trained on it is no longer measured by that benchmark.',
    hint: 'take the row out',
    bad: example({ messages: [{ role: 'user', content: 'How warm will it be in Oslo tomorrow?' }] }),
    good: example({ messages: [{ role: 'user', content: 'What will the temperature of Bergen be next week?' }] }),
    needs: 'against',
    on: 'row',
    check({ messages }, { against }) {
      for (let i = 0; i < messages.length; i++) {
        const found = messages[i]!.role === 'user' ? against?.find(messages[i]!.content) : undefined
        if (found !== undefined) return { message: `the question is ${found}`, at: ['messages', i, 'content'] }
      }
      return undefined
    },
  },
  {
    code: 'HN601',
    severity: 'warning',
    what: 'The row equals an earlier one.',
    why: 'It counts twice in training; in validation it leaks from one split to the other.',
    hint: 'keep one of them; --fix and hone prep --dedupe do',
    bad: `${example()}\n${example({ id: 'weather-2' })}`,
    good: example(),
    on: 'across',
    of: ({ prompt, answer }) => prompt * 31 + answer,
    check: (first) => ({ message: `the same row as on line ${first}` }),
    fix: () => null,
  },
  {
    code: 'HN602',
    severity: 'error',
    what: 'Two rows have the same id.',
    why: 'Caches, verdicts and seeded draws mistake one for the other.',
    hint: 'give every row an id of its own',
    bad: `${example()}\n${example({ messages: [{ role: 'user', content: 'How warm is Bergen?' }], answer: [{ name: 'get_weather', arguments: { city: 'Bergen' } }] })}`,
    good: example(),
    on: 'across',
    of: ({ id }) => id,
    check: (first) => ({ message: `the id of line ${first}` }),
  },
]

/** Whether a text names the tool and close to it every argument with its value, as code or as JSON. */
function spells(content: string, call: ToolCall, names: readonly string[]): boolean {
  if (names.length === 0) return false
  const at = content.indexOf(call.name)
  const near = content.slice(at + call.name.length, at + call.name.length + 40 + 2 * dumpJson(call.arguments).length)
  if (!/^["']?\s*[({,]/.test(near)) return false
  return names.every((name) => {
    const value = call.arguments[name]!
    const text = typeof value === 'string' ? value : dumpJson(value)
    const key = near.indexOf(name)
    return key >= 0 && near.indexOf(text, key + name.length) >= 0
  })
}
