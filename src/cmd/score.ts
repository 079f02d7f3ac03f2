// hone score: rows with completions in, verdicts of a reward out.
import { scoreCommand, ScoreFlags } from '../job/score/score-command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'score completions with a reward, and say why',
  group: 'rewards',
  examples: [
    'hone score completions.jsonl --reward tool-n1',
    'hone score completions.jsonl --reward ./reward.ts --explain 7',
    'hone infer DIR --input rows.jsonl | hone score - --min-mean 0.5',
  ],
  flags: ScoreFlags,
  run: scoreCommand,
})
