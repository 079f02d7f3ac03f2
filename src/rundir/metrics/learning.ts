// Metrics that say whether a run is learning.
import { asInTrl, type Row } from './metric.ts'

export const learning: readonly Row[] = [
  {
    ...asInTrl('reward'),
    title: 'Reward',
    unit: 'number',
    what: 'mean reward of the completions of the step',
    good: 'rises, quickly at first, then levels off; between neighbouring steps it jumps about, for each has other prompts',
    remedy:
      'flat at the bottom: the model never meets the reward, so begin with `hone sft` or easier rows (`hone difficulty`); flat at the top: the rows are too easy',
  },
  {
    name: 'exact_match',
    title: 'Held-out rows right',
    unit: 'share',
    what: 'greedy answers to held-out rows that are exactly right, with an interval of 95 %',
    good: 'rises with the reward; a change smaller than the interval is none',
    remedy: 'reward rises and this does not: the reward is met in a way that was not meant, so read the groups',
  },
  {
    ...asInTrl('rewards/accuracies'),
    title: 'Pairs in the right order',
    unit: 'share',
    what: 'pairs whose chosen answer became likelier, against the reference, than the rejected one',
    good: 'rises from about a half towards 0.8 and above',
    band: { low: 0.5 },
    remedy:
      'stays at a half: too few steps or too low a learning rate; reaches 1 at once: the pairs are told apart by their form',
  },
  {
    ...asInTrl('rewards/margins'),
    title: 'Margin of the pairs',
    unit: 'number',
    what: 'implicit reward of the chosen answer less that of the rejected one',
    good: 'grows slowly',
    band: { low: 0 },
    remedy: 'grows fast while both log-probs fall: lower the learning rate, or add a chosen-NLL term',
  },
  {
    ...asInTrl('accuracy'),
    title: 'Pairs in the right order',
    unit: 'share',
    what: 'pairs whose chosen answer scores above the rejected one',
    good: 'rises from about a half',
    band: { low: 0.5 },
    remedy: 'stays at a half: the pairs may be labelled at random, or say too little; read some of them',
  },
  {
    ...asInTrl('margin'),
    title: 'Margin of the pairs',
    unit: 'number',
    what: 'score of the chosen answer less that of the rejected one',
    good: 'grows, and levels off',
    band: { low: 0 },
  },
  {
    ...asInTrl('loss'),
    title: 'Loss',
    unit: 'number',
    what: 'what is minimised, a mean over the updates of the step',
    good: 'falls in fine-tuning and on pairs; in reinforcement learning it lies about 0 and says nothing of progress',
  },
  {
    ...asInTrl('mean_token_accuracy'),
    title: 'Tokens right',
    unit: 'share',
    what: 'tokens of the right answers, or of the chosen ones, that the model held likeliest, each after those before it',
    good: 'rises as the loss falls; 1 means that the rows are known by heart',
  },
  {
    name: 'answer_entropy',
    trl: 'entropy',
    title: 'Entropy of the given answers',
    unit: 'nats',
    what: 'how undecided the model is about a token of an answer that it is given, a mean: of the right ones in fine-tuning, of both texts of a pair',
    good: 'falls with the loss; near 0 in fine-tuning means that the rows are known by heart',
  },
  {
    ...asInTrl('rewards/*/mean'),
    title: 'Reward part: *',
    unit: 'number',
    what: 'mean of one part of the reward over the completions that it applies to',
    good: 'the part of the form rises first, that of the content after it',
  },
]
