// hone score: rows with completions in, verdicts of a reward out.
import { defineCommand } from 'citty'
import { compareFiles, explainRow, scoreFiles } from '../data/score.ts'
import { FILES, numberFlag } from '../flags.ts'
import { openCommandScorer, openScorer, parserOf } from '../reward/scorer.ts'

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
    concurrency: { type: 'string', description: "processes of a user's reward", valueHint: 'N' },
  },
  async run({ args }) {
    const spec = args.reward ?? 'tool-n1'
    const options = {
      step: numberFlag(args.step, '--step', { min: 0, integer: true }),
      timeout: numberFlag(args.timeout, '--timeout', { min: 0.001 }),
      concurrency: numberFlag(args.concurrency, '--concurrency', { min: 1, integer: true }),
    }
    const open = (mode: 'compat' | 'strict') =>
      args.rewardCmd === undefined ? openScorer(spec, { ...options, mode }) : openCommandScorer(args.rewardCmd, options)
    const scorer = open(args.compare ? 'compat' : (args.mode ?? 'compat'))
    try {
      if (args.explain !== undefined) return await explainRow(args._, scorer, args.explain, parserOf(spec))
      if (args.compare) return await compareFiles(args._, scorer, open('strict'))
      return await scoreFiles(args._, scorer, numberFlag(args.minMean, '--min-mean'))
    } finally {
      scorer.close()
    }
  },
})
