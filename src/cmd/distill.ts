// hone distill: reasoning traces for rows from a teacher, kept where the reward accepts them.
import { defineCommand } from 'citty'
import { distillCommand, teachArguments } from '../job/teach/command.ts'

export default defineCommand({
  meta: { description: 'ask a teacher for reasoning, and keep what the reward accepts' },
  args: {
    file: { type: 'positional', description: 'hone rows; - is standard input', required: true },
    ...teachArguments,
    temperature: { type: 'string', description: 'of sampling [default: 0.6]', valueHint: 'T' },
    attempts: { type: 'string', description: 'replies to ask for until one is accepted [default: 10]', valueHint: 'N' },
    'min-score': {
      type: 'string',
      description: "score that accepts a reply [default: the right answer's]",
      valueHint: 'SCORE',
    },
  },
  run: ({ args }) => distillCommand(args),
})
