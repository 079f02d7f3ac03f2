// hone run-code: a program as the code interpreter of an environment runs it.
import { runCodeCommand, RunCodeFlags } from '../job/run-code.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'run Python as the code interpreter of an environment does: isolated, with limits',
  group: 'rewards',
  examples: ["echo '2 ** 100' | hone run-code", 'hone run-code program.py --code-engine python --tool-timeout 5'],
  flags: RunCodeFlags,
  run: runCodeCommand,
})
