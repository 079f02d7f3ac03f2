// hone explain: what a rule means, why it matters, and what good and bad rows look like.
import * as v from 'valibot'
import { codes, explainLines } from '../lint/explain.ts'
import { data } from '../out.ts'
import { command } from '../shell/command.ts'
import { next } from '../shell/next.ts'
import { argument, say, text } from '../text/setting.ts'

export default command({
  description: 'explain a rule of hone lint, or list all',
  group: 'data',
  examples: ['hone explain HN304', 'hone explain --format json'],
  flags: v.object({
    code: argument(v.optional(v.pipe(text('CODE'), v.metadata({ known: codes }))), 'code of the rule, such as HN304'),
    format: say(v.optional(v.picklist(['text', 'json']), 'text'), 'format of the output'),
  }),
  run({ code, format }) {
    for (const line of explainLines(code, format)) data(line)
    next([['lint', 'FILE', ...(code === undefined ? [] : ['--select', code])], 'check rows'])
  },
})
