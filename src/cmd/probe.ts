// hone probe: what hidden states say of a model's yes or no.
import { probeCommand, ProbeFlags } from '../job/probe/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'fit a direction in the hidden states on contrastive pairs, and decide by it where the model errs',
  group: 'use',
  examples: [
    'hone probe DIR --pairs pairs.jsonl -o probe.json',
    'hone probe DIR --probe probe.json --data questions.jsonl',
  ],
  flags: ProbeFlags,
  run: probeCommand,
})
