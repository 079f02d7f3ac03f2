// hone export --reward: writes a reward as a file for another trainer.
import { HoneError } from '../../error.ts'
import { openWriter } from '../../text/jsonl.ts'
import { log } from '../../out.ts'
import type { Mode } from '../../reward/reward.ts'
import { selfCommand } from '../../reward/scorer.ts'
import { shim, type TrainerName, trainers } from './shim.ts'

/** Writes the shim to `output` (`-` = stdout) and says how the trainer is told of it. */
export function exportReward(reward: string, trainer: TrainerName | undefined, mode: Mode, output: string): void {
  if (trainer === undefined) {
    throw new HoneError('Cannot export a reward: --for is missing', {
      hint: `there are: ${Object.keys(trainers).join(', ')}`,
    })
  }
  const text = shim(trainer, { reward, mode, command: selfCommand() })
  const writer = openWriter(output)
  writer.write(text.trimEnd())
  writer.commit()
  if (output !== '-') log(`wrote ${output}; use it as: ${trainers[trainer].usage(output)}`)
}
