// hone plan: the steps, the memory and the loss of a run, before it is started.
import { defineCommand } from 'citty'
import { data } from '../out.ts'
import { planLines, planOf } from '../job/plan/plan.ts'
import { kinds } from '../job/train/kinds.ts'
import { argumentsOf, kindOf, settingsOf } from '../job/train/settings.ts'
import { table } from '../shell/table.ts'

export default defineCommand({
  meta: { description: 'show what a run will do and need, and its loss in symbols' },
  args: {
    ...argumentsOf(...Object.keys(kinds)),
    format: { type: 'enum', options: ['text', 'json'], description: 'format of the plan [default: text]' },
  },
  async run({ args }) {
    const kind = kindOf(args)
    const asked = settingsOf(kind, args)
    if (!asked) return
    const plan = await planOf(kind, asked.settings)
    if (args.format === 'json') data(JSON.stringify(plan))
    else for (const line of table(planLines(plan))) data(line)
  },
})
