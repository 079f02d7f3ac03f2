// hone help: the manual.
import * as v from 'valibot'
import { help, helpFlags } from '../manual/help.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'the manual: guides, and a reference of everything that hone names',
  group: 'program',
  examples: ['hone help rows', 'hone help frac_reward_zero_std', 'hone help --html manual'],
  flags: v.object(helpFlags),
  run: (flags, _, table) => help(flags, table),
})
