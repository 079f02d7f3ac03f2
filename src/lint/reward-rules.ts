// What can be wrong with a reward, found by feeding it completions: the rows of `hone lint --reward`.
import type { Severity } from '../shell/diag.ts'

export interface RewardRule {
  code: string
  severity: Severity
  what: string
  why: string
  hint: string
  /** A reward that has the fault, and one that has not. */
  bad: string
  good: string
}

const reward = (body: string): string => `export default ({ completion, truth }) => ${body}`

export const rewardRules: readonly RewardRule[] = [
  {
    code: 'HN901',
    severity: 'error',
    what: 'A wrong completion earns the full reward.',
    why: 'Training finds every such hole: the model learns the trick and not the task.',
    hint: 'parse the reply strictly, compare calls exactly',
    bad: reward("(completion.includes('get_weather') ? 1 : 0)"),
    good: reward('(sameCalls(parse(completion), truth) ? 1 : 0)'),
  },
  {
    code: 'HN902',
    severity: 'error',
    what: 'The reward throws.',
    why: 'One odd completion out of millions ends a run of days, or counts as a silent zero.',
    hint: 'catch what parsing throws and give 0 with a reason',
    bad: reward('(JSON.parse(completion).name === truth[0].name ? 1 : 0)'),
    good: reward('(sameCalls(tryParse(completion), truth) ? 1 : 0)'),
  },
  {
    code: 'HN903',
    severity: 'error',
    what: 'The score is not a finite number.',
    why: 'NaN spreads from one advantage to the whole group and on into the weights.',
    hint: 'return a number for every completion',
    bad: reward('right / total'),
    good: reward('(total === 0 ? 0 : right / total)'),
  },
  {
    code: 'HN904',
    severity: 'warning',
    what: 'The same completion gets another score the second time.',
    why: 'The group compares noise; runs cannot be repeated.',
    hint: 'use no clock, no random number and no state between calls',
    bad: reward('Math.random()'),
    good: reward('(sameCalls(parse(completion), truth) ? 1 : 0)'),
  },
  {
    code: 'HN905',
    severity: 'warning',
    what: 'The reward takes more than a second for one completion.',
    why: 'A model that runs into the length limit stalls every step.',
    hint: 'avoid patterns that backtrack; read the text once',
    bad: reward('(/(<think>.*)+<.think>/s.test(completion) ? 1 : 0)'),
    good: reward("(completion.indexOf('</think>') > 0 ? 1 : 0)"),
  },
  {
    code: 'HN906',
    severity: 'error',
    what: 'A wrong completion earns more than the right one.',
    why: 'The policy is pushed away from the answer.',
    hint: 'let nothing exceed the score of an exact match',
    bad: reward('parse(completion).length'),
    good: reward('(sameCalls(parse(completion), truth) ? 1 : 0)'),
  },
  {
    code: 'HN907',
    severity: 'warning',
    what: 'The reward and a parser disagree about what is called.',
    why: 'What training pays for is not what evaluation or serving will run.',
    hint: 'use one parser for training, evaluation and serving',
    bad: reward("sameCalls(JSON.parse(completion.split('<tool_call>').at(-1)), truth)"),
    good: reward('(sameCalls(parse(completion), truth) ? 1 : 0)'),
  },
  {
    code: 'HN908',
    severity: 'info',
    what: "The published code and the paper's words disagree.",
    why: 'Numbers of a paper were made by its code; a model trained by the words sees another reward.',
    hint: 'choose with --mode compat or strict, and say which',
    bad: 'tool-n1 --mode compat',
    good: 'tool-n1 --mode strict',
  },
  {
    code: 'HN909',
    severity: 'warning',
    what: 'A right completion, written another way, does not earn the full reward.',
    why: 'The model is punished for the order of keys or calls, or for blanks, that mean nothing.',
    hint: 'compare parsed values, not text; compare calls without their order',
    bad: reward('(completion === perfect ? 1 : 0)'),
    good: reward('(sameCalls(parse(completion), truth) ? 1 : 0)'),
  },
]
