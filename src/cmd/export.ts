// hone export: the model or adapter of a run, or a reward, for other programs.
import { exportCommand, ExportFlags } from '../job/export/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'write the model of a run, or a reward as a file for another trainer',
  group: 'use',
  examples: [
    'hone export runs/first -o merged',
    'hone export --reward tool-n1 --for trl -o reward.py',
    'hone export train.yaml --for verl -o job',
  ],
  flags: ExportFlags,
  run: exportCommand,
})
