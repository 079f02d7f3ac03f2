// hone lint: defects of tool-calling rows, and holes of rewards, each with a place, a reason and a hint.
import { defineCommand } from 'citty'
import { lintCommand } from '../job/lint/lint.ts'
import { FILES } from '../shell/flags.ts'

export default defineCommand({
  meta: { description: 'find defects in rows, or holes in a reward' },
  args: {
    files: { ...FILES, required: false },
    format: { type: 'string', description: 'text, ndjson, json, github, sarif or junit', valueHint: 'NAME' },
    select: {
      type: 'string',
      description: 'codes or beginnings of codes to check; ALL for every rule',
      valueHint: 'CODES',
    },
    ignore: { type: 'string', description: 'codes or beginnings of codes to leave out', valueHint: 'CODES' },
    from: { type: 'string', description: 'source of the rows; recognised unless given', valueHint: 'NAME' },
    statistics: { type: 'boolean', description: 'count findings by rule' },
    fix: { type: 'boolean', description: 'mend what can be mended without a choice' },
    diff: { type: 'boolean', description: 'show what --fix would change' },
    baseline: { type: 'string', description: 'show only findings that are not in this file', valueHint: 'FILE' },
    writeBaseline: { type: 'string', description: 'make that file of the findings of today', valueHint: 'FILE' },
    watch: { type: 'boolean', description: 'lint again whenever a file changes' },
    exitZero: { type: 'boolean', description: 'end with 0 whatever is found' },
    reward: {
      type: 'string',
      description: 'reward that right answers must satisfy; without files, the reward to attack',
      valueHint: 'REWARD',
    },
    mode: {
      type: 'enum',
      options: ['compat', 'strict'],
      description: 'the reward as the published code, or as its paper says',
    },
    against: { type: 'string', description: 'benchmark files whose questions must not occur', valueHint: 'FILES' },
    maxTokens: { type: 'string', description: 'longest prompt in tokens', valueHint: 'N' },
    tokenizer: { type: 'string', description: 'model folder whose tokenizer counts', valueHint: 'DIR' },
    prompt: { type: 'string', description: 'prompt form that is counted', valueHint: 'FORM' },
  },
  run: ({ args }) => lintCommand(args),
})
