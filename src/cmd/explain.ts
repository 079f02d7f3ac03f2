// hone explain: what a rule means, why it matters, and what good and bad rows look like.
import { defineCommand } from 'citty'
import { explainLines } from '../lint/explain.ts'
import { data } from '../out.ts'

export default defineCommand({
  meta: { description: 'explain a rule of hone lint, or list all' },
  args: {
    code: { type: 'positional', required: false, description: 'code of the rule, such as HN304', valueHint: 'CODE' },
    format: { type: 'enum', options: ['text', 'json'], description: 'format of the output' },
  },
  run({ args }) {
    for (const line of explainLines(args.code, args.format ?? 'text')) data(line)
  },
})
