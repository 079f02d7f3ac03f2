// The frames of published systems, as their code has them.
import type { CallFrame, Frame } from './frame.ts'

const CODE = { tool: 'code_interpreter', argument: 'code' }
const SEARCH = { tool: 'search', argument: 'query' }

/** Tool-Star's and ARPO's: tags around queries and programs, results after a blank. */
const tagged: Omit<CallFrame, 'what'> = {
  marks: [
    { open: '<search>', close: '</search>', ...SEARCH },
    { open: '<python>', close: '</python>', ...CODE },
  ],
  stops: ['</search>', '</python>'],
  result: ' <result>\n{}\n</result>',
  empty: '',
  cut: null,
  calls: 3,
  after: 'end',
}

export const frames = {
  retool: {
    what: 'ReTool: code in <code> with a ```python fence, its output in <interpreter>; of more than 400 characters the first and last 200',
    marks: [{ open: '<code>', close: '</code>', fence: '```python', ...CODE }],
    stops: ['</code>'],
    result: '\n<interpreter>\n{}\n</interpreter>\n\n',
    empty: '',
    cut: { over: 400, head: 200, tail: 200 },
    calls: null,
    after: 'end',
  },
  torl: {
    what: 'ToRL: a ```python block, run where the model opens ```output; one call, then it writes on; of 256 characters or more the first and last 128',
    marks: [{ open: '```python\n', close: '\n```', ...CODE }],
    stops: ['```output'],
    result: '\n{}\n```\n',
    empty: 'Done',
    cut: { over: 255, head: 128, tail: 128 },
    calls: 1,
    after: 'write',
  },
  start: {
    what: 'START: a ```python block runs when it is closed, its output follows as a block; at most 6 calls',
    marks: [{ open: '```python\n', close: '\n```', ...CODE }],
    stops: ['\n```\n'],
    result: '```output\n{}\n```\n',
    empty: '',
    cut: null,
    calls: 6,
    after: 'write',
  },
  'tool-star': { what: 'Tool-Star: <search> and <python>, results in <result>; at most 3 calls', ...tagged },
  arpo: { what: 'ARPO: <search> and <python>, results in <result>; at most 3 calls', ...tagged },
  rewoo: {
    what: 'ReWOO: lines "Plan: …" and "#E1 = Tool[input]" in one turn, all evidence in one message, then the answer',
    plan: 'Plan:',
    evidence: '#E',
    tools: {
      Search: SEARCH,
      Wikipedia: SEARCH,
      Calculator: { tool: 'calculator', argument: 'expression' },
      Python: CODE,
    },
    none: 'No evidence found',
    then: 'Answer the question by the evidence.',
  },
} satisfies Record<string, Frame>
