// hone prep: raw rows of any source in, hone rows out.
import { defineCommand } from 'citty'
import { FILES } from '../shell/flags.ts'
import { prepCommand } from '../job/prep.ts'

export default defineCommand({
  meta: { description: 'turn tool-calling data of any source into clean hone rows' },
  args: {
    files: FILES,
    from: { type: 'string', description: 'source of the rows; auto recognises it', valueHint: 'NAME' },
    output: {
      type: 'string',
      alias: 'o',
      description: 'file of the rows; - is standard output',
      valueHint: 'FILE',
      required: true,
    },
    format: { type: 'string', description: 'format of the output', valueHint: 'NAME' },
    reject: { type: 'string', description: 'file of what was left out, with reasons', valueHint: 'FILE' },
    compat: { type: 'string', description: 'do exactly what a published script does (tool-n1)', valueHint: 'NAME' },
    keepNoCall: { type: 'boolean', description: 'keep turns without a call, with an empty answer' },
    keepAbsentTools: { type: 'boolean', description: 'keep calls of tools that are not on offer' },
    dedupe: { type: 'boolean', description: 'leave out rows equal to one before' },
    irrelevance: {
      type: 'string',
      description: 'share of rows to repeat without the tools they need',
      valueHint: 'RATIO',
    },
    mask: { type: 'string', description: 'share of rows to repeat with names masked', valueHint: 'RATIO' },
    validation: { type: 'string', description: 'file for a share of the rows', valueHint: 'FILE' },
    validationRatio: { type: 'string', description: 'that share; 0.1 unless given', valueHint: 'RATIO' },
    maxTokens: { type: 'string', description: 'leave out rows whose prompt is longer', valueHint: 'N' },
    tokenizer: { type: 'string', description: 'model folder whose tokenizer counts', valueHint: 'DIR' },
    prompt: { type: 'string', description: 'prompt form that is counted and written', valueHint: 'FORM' },
    seed: { type: 'string', description: 'seed of every draw; 0 unless given', valueHint: 'N' },
  },
  run: ({ args }) => prepCommand(args),
})
