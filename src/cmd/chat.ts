// hone chat: a conversation with a model at the terminal.
import { chatCommand, ChatFlags } from '../job/chat/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'talk with a model, and let it call tools',
  group: 'use',
  examples: ['hone chat runs/first --tools tools.json'],
  flags: ChatFlags,
  run: chatCommand,
})
