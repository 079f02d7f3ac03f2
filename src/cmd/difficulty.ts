// hone difficulty: the pass rate of rows for a model, and the rows in a range of it.
import { difficultyCommand, DifficultyFlags } from '../job/teach/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'measure how often a model gets each row right, and keep a range',
  group: 'data',
  examples: ['hone difficulty rows.jsonl --model DIR -o learnable.jsonl'],
  flags: DifficultyFlags,
  run: difficultyCommand,
})
