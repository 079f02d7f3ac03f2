// hone prep: raw rows of any source in, hone rows out.
import { prepCommand, PrepFlags } from '../job/prep.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'turn tool-calling data of any source into clean hone rows',
  flags: PrepFlags,
  run: prepCommand,
})
