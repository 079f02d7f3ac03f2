// hone score: rows with completions in, verdicts of a reward out.
import { defineCommand } from 'citty'
import { scoreCommand } from '../job/score/score-command.ts'
import { FILES } from '../shell/flags.ts'

export default defineCommand({
  meta: { description: 'score completions with a reward, and say why' },
  args: {
    files: FILES,
    reward: { type: 'string', description: 'NAME[:variant][@step], A:1,B:0.2, or a .ts file', valueHint: 'REWARD' },
    rewardCmd: { type: 'string', description: 'program that reads rows and writes scores', valueHint: 'COMMAND' },
    mode: { type: 'enum', options: ['compat', 'strict'], description: 'as the published code, or as its paper says' },
    format: { type: 'enum', options: ['ndjson'], description: 'format of the output' },
    step: { type: 'string', description: 'training step, for rewards with a schedule', valueHint: 'N' },
    explain: { type: 'string', description: 'show one row call by call', valueHint: 'ID' },
    compare: { type: 'boolean', description: 'judge in both modes and report the differences' },
    minMean: { type: 'string', description: 'end with 1 unless the mean reaches this', valueHint: 'SCORE' },
    timeout: { type: 'string', description: "seconds a user's reward has for a row", valueHint: 'SECONDS' },
    jobs: { type: 'string', description: 'cores for a large file; all unless given', valueHint: 'N' },
    concurrency: { type: 'string', description: "processes of a user's reward", valueHint: 'N' },
  },
  run: ({ args }) => scoreCommand(args._, args),
})
