// hone plan at work: the steps, the memory and the loss of a run, before it is started.
import * as v from 'valibot'
import { complain, data, log } from '../../out.ts'
import type { Tree } from '../../shell/config-file.ts'
import { next } from '../../shell/next.ts'
import { entriesOf } from '../../shell/schema.ts'
import { table } from '../../shell/table.ts'
import { isRun } from '../../rundir/paths.ts'
import { names, otherwise, say } from '../../text/setting.ts'
import { kinds } from '../train/kinds.ts'
import { kindOf, settingsOf, TrainingFlags } from '../train/settings.ts'
import { planLines, planOf } from './plan.ts'

export const PlanFlags = v.object({
  ...TrainingFlags.entries,
  kind: say(otherwise(names(kinds), 'the one that has most of the settings'), 'kind of training'),
  format: say(
    v.optional(v.picklist(['text', 'json', 'yaml']), 'text'),
    'format of the plan; yaml gives the settings alone, all of them, as a configuration file',
  ),
})

/** Seconds of a run that nobody begins to see how it goes. */
const LONG = 12 * 3600

/** The settings of all kinds. */
export const AllSettings = v.object(Object.assign({}, ...Object.values(kinds).map(({ schema }) => entriesOf(schema))))

/** @throws HoneError for what would stop the run. */
export async function planCommand(told: v.InferOutput<typeof PlanFlags>, given: Tree): Promise<void> {
  const { config } = told
  const flags = config !== undefined && isRun(config) ? { ...told, config: undefined, resume: config } : told
  const kind = kindOf(flags, given)
  const asked = settingsOf(kind, flags, given)
  if (!asked) return
  if (flags.format === 'yaml') return data(Bun.YAML.stringify(asked.settings.value, null, 2).trimEnd())
  const plan = await planOf(kind, asked.settings)
  if (plan.holds !== null && asked.resume === undefined)
    complain(`warning: ${plan.holds} holds a run already: give another --output, or --resume it`)
  if (kind === 'train' && plan.estimated_seconds > LONG) log('for a first look at smaller steps: --preset quick')
  if (plan.no_room !== null) complain(`warning: the run does not fit into memory: ${plan.no_room}`)
  if (flags.format === 'json') data(JSON.stringify(plan))
  else for (const line of table(planLines(plan))) data(line)
  if (asked.resume !== undefined) next([[kind, '--resume', asked.resume], 'go on with it'])
  else if (plan.holds === null) next([[kind, ...(flags.config === undefined ? ['…'] : [flags.config])], 'start it'])
}
