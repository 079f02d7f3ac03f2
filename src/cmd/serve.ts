// hone serve: a model over HTTP for clients of OpenAI's interface.
import { serveCommand, ServeFlags } from '../job/serve/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: "serve a model over HTTP, as OpenAI's clients expect",
  group: 'use',
  examples: ['hone serve runs/first', 'hone serve DIR --adapter mine=runs/first --port 8000'],
  flags: ServeFlags,
  run: serveCommand,
})
