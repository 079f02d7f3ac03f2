// hone chat: a conversation with a model at the terminal.
import { chatCommand, ChatFlags } from '../job/chat/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'talk with a model, and let it call tools',
  flags: ChatFlags,
  run: chatCommand,
})
