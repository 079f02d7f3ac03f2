// hone export: the model or adapter of a run, or a reward, for other programs.
import { exportCommand, ExportFlags } from '../job/export/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'write the model of a run, or a reward as a file for another trainer',
  flags: ExportFlags,
  run: exportCommand,
})
