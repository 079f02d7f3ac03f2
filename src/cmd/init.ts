// hone init: writes files to start from.
import { init, InitFlags } from '../job/init/init.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'write files that work as they are: rows, a run, a reward or an environment of your own',
  group: 'rewards',
  examples: ['hone init train -o mine', 'hone init reward --python'],
  flags: InitFlags,
  run: init,
})
