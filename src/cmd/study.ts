// hone study: an experiment of several arms and seeds, and what it shows.
import { studyCommand, StudyFlags } from '../job/study/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'run an experiment: arms of stages over seeds, with intervals and the bars that it must reach',
  group: 'training',
  examples: ['hone study study.yaml -o studies/first', 'hone study study.yaml -o studies/first --seeds 0,1'],
  flags: StudyFlags,
  run: studyCommand,
})
