// hone serve-env: an environment of the user's own as a program.
import { serveEnvCommand, ServeEnvFlags } from '../job/serve-env.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'run an environment of your own as a program that answers lines of JSON',
  group: 'rewards',
  examples: ['hone serve-env ./env.ts'],
  flags: ServeEnvFlags,
  run: serveEnvCommand,
})
