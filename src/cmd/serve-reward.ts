// hone serve-reward: a reward for other programs, over HTTP or a pipe.
import { serveRewardCommand, ServeRewardFlags } from '../job/serve-reward/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'serve a reward over HTTP, or line by line with --stdio',
  group: 'rewards',
  examples: ['hone serve-reward tool-n1 --port 8100', 'hone serve-reward ./reward.ts --stdio'],
  flags: ServeRewardFlags,
  run: serveRewardCommand,
})
