// The flags of hone lint.
import * as v from 'valibot'
import { sources } from '../../data/sources.ts'
import { diagnosticFormats, SEVERITIES } from '../../shell/diag.ts'
import { argument, count, file, files, folder, names, otherwise, say, text, toggle } from '../../text/setting.ts'
import { formName, mode, rewardName } from '../flags.ts'

export const LintFlags = v.object({
  files: argument(v.optional(v.array(v.string()), []), 'input files; - is standard input'),
  format: say(
    otherwise(names(diagnosticFormats), 'HONE_FORMAT, else github in a workflow of GitHub, else text'),
    'format of the findings',
  ),
  select: say(
    otherwise(text('CODES'), 'all that are not opt-in'),
    'codes or beginnings of codes to check; ALL for every rule',
  ),
  ignore: say(v.optional(text('CODES')), 'codes or beginnings of codes to leave out'),
  stdinFilename: say(v.optional(file()), 'name by which findings in standard input are told'),
  from: say(otherwise(names(sources), 'recognised'), 'source of the rows'),
  statistics: say(toggle(), 'count findings by rule'),
  fix: say(toggle(), 'mend what can be mended without a choice'),
  diff: say(toggle(), 'show what --fix would change, and end with 1 where it would'),
  baseline: say(v.optional(file()), 'show only findings that are not in this file'),
  writeBaseline: say(v.optional(file()), 'make that file of the findings of today'),
  watch: say(toggle(), 'lint again whenever a file changes'),
  deny: say(
    otherwise(v.picklist(SEVERITIES), 'info; warning for a reward that is attacked'),
    'least severity that ends with 1',
  ),
  exitZero: say(toggle(), 'end with 0 whatever is found'),
  reward: say(v.optional(rewardName()), 'reward that right answers must satisfy; without files, the reward to attack'),
  rewardCmd: say(v.optional(text('COMMAND')), 'the same of a program that reads rows and writes scores'),
  mode,
  against: say(v.optional(files()), 'benchmark files whose questions must not occur'),
  maxTokens: say(v.optional(count()), 'longest prompt in tokens'),
  tokenizer: say(v.optional(folder()), 'model folder whose tokenizer counts'),
  prompt: say(v.optional(formName(), 'tool-n1'), 'prompt form that is counted'),
})
export type LintFlags = v.InferOutput<typeof LintFlags>
