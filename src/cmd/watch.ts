// hone watch: a run as a page that follows it, as one file, or as text.
import { watch, WatchFlags } from '../job/watch.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'follow a run on a page of this machine, or show it as text',
  flags: WatchFlags,
  run: watch,
})
