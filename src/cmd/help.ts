// hone help: the manual.
import * as v from 'valibot'
import { help, helpFlags } from '../manual/help.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'the manual: guides, and a reference of everything that hone names',
  flags: v.object(helpFlags),
  run: (flags, _, table) => help(flags, table),
})
