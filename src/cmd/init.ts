// hone init: writes files to start from.
import { init, InitFlags } from '../job/init/init.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'write files to start from: a reward or an environment of your own, with its test',
  group: 'rewards',
  examples: ['hone init reward', 'hone init env'],
  flags: InitFlags,
  run: init,
})
