// Metrics that say where the time goes.
import { asInTrl, type Row } from './metric.ts'

export const time: readonly Row[] = [
  {
    ...asInTrl('step_time'),
    title: 'Time of a step',
    unit: 'seconds',
    what: 'from one step to the next, without evaluation and saving',
    good: 'steady; it follows the length of the completions',
  },
  {
    name: 'tokens_per_second',
    title: 'Pace',
    unit: 'tokens/s',
    what: 'tokens of prompts and completions over the time of the step',
    good: 'steady',
    remedy: '`hone doctor` says what the machine has; --micro-batch-tokens and --threads decide how it is used',
  },
  {
    name: 'time/rollout',
    title: 'Sampling',
    unit: 'seconds',
    what: 'time in which completions are drawn and judged',
    good: 'the larger part of a step',
  },
  {
    name: 'time/reference',
    title: 'Reference and advantage',
    unit: 'seconds',
    what: 'time in which log-probs of the reference and values are computed',
    good: 'a small part of a step',
  },
  {
    name: 'time/update',
    title: 'Updating',
    unit: 'seconds',
    what: 'time of forward and backward passes and the optimizer',
    good: 'a part of a step that does not grow',
  },
]
