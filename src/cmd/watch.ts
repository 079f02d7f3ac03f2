// hone watch: runs, or those of a study, as a page that follows them, as one file, or as text.
import { watch, WatchFlags } from '../job/watch/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'follow runs on a page of this machine, or show them as text',
  group: 'training',
  examples: [
    'hone watch runs/first',
    'hone watch runs/first runs/second',
    'hone watch runs/first --html run.html',
    'hone watch runs/first --text',
  ],
  flags: WatchFlags,
  run: watch,
})
