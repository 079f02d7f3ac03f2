// hone difficulty: the pass rate of rows for a model, and the rows in a range of it.
import { defineCommand } from 'citty'
import { difficultyCommand, teachArguments } from '../job/teach/command.ts'

export default defineCommand({
  meta: { description: 'measure how often a model gets each row right, and keep a range' },
  args: {
    file: { type: 'positional', description: 'hone rows; - is standard input', required: true },
    ...teachArguments,
    model: { type: 'string', description: 'folder of a model, or of a finished run', valueHint: 'DIR' },
    device: { type: 'string', description: 'cpu, cuda, cuda:N or auto [default: auto]', valueHint: 'DEVICE' },
    samples: { type: 'string', description: 'answers per row [default: 8]', valueHint: 'K' },
    temperature: { type: 'string', description: 'of sampling [default: 1]', valueHint: 'T' },
    keep: { type: 'string', description: 'pass rates to keep, such as 0.2..0.8 [default: 0..1]', valueHint: 'RANGE' },
  },
  run: ({ args }) => difficultyCommand(args),
})
