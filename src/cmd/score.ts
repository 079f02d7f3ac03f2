// hone score: rows with completions in, verdicts of a reward out.
import { scoreCommand, ScoreFlags } from '../job/score/score-command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'score completions with a reward, and say why',
  flags: ScoreFlags,
  run: scoreCommand,
})
