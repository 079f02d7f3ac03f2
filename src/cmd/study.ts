// hone study: an experiment of several arms and seeds, and what it shows.
import { studyCommand, StudyFlags } from '../job/study/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'run an experiment: arms of stages over seeds, with intervals and the bars that it must reach',
  flags: StudyFlags,
  run: studyCommand,
})
