// The settings of each kind of training: one schema each, from which flags, variables, help and types follow.
import * as v from 'valibot'
import type { Law } from '../gpu/policy/law.ts'
import { adaptable } from '../gpu/weights/family.ts'
import { advantages, advantageSettings } from './advantage.ts'
import { trainedEnvironmentSettings } from './environment-settings.ts'
import { samplingSettings } from './sampling-settings.ts'
import { pairLosses, pairSettings } from './loss/pair.ts'
import { controlSettings } from './control.ts'
import { criticSettings } from './loss/value.ts'
import { lossSettings } from './loss/settings.ts'
import { dpoPresets, rmPresets, sftPresets, trainPresets } from './presets.ts'
import { promptForms } from '../dialogue/prompt.ts'
import { onDevices } from '../gpu/device/spec.ts'
import { modes } from '../reward/reward.ts'
import { families } from '../reward/table.ts'
import {
  atLeast,
  begins,
  count,
  file,
  files,
  folder,
  named,
  names,
  orNone,
  positive,
  say,
  share,
  standsFor,
} from '../text/setting.ts'

const preset = (presets: Record<string, object>) =>
  begins('Model, data and run', say(v.optional(named(presets)), 'set of values that all others override'))

const rewardName = () => v.optional(named(families, 'REWARD'), 'tool-n1')

const EXACT = 'reward of which 1 or more is an exact match in evaluation'

/** Names of steps have nine digits. */
const MOST_STEPS = 999_999_999

const common = {
  model: say(folder(), 'folder of the model to start from, or of a finished run', 'model_name_or_path'),
  adapter: say(v.optional(v.nullable(folder()), null), 'PEFT adapter folder to start from'),
  data: say(files(), 'files of rows to train on, JSONL or parquet', 'train_files', 'dataset_name'),
  evalData: say(v.optional(files(), []), 'files of held-out rows; figures are given per file', 'val_files'),
  output: say(folder(), 'run directory, which must not hold a run yet', 'output_dir'),
  prompt: say(v.optional(named(promptForms, 'FORM'), 'tool-n1'), 'prompt form, or a file with its text'),
  seed: say(
    v.optional(count(0), 0),
    'all random numbers follow from it; between tokens that are about as likely rounding decides, which what runs beside may change',
  ),
  ...onDevices(),

  loraRank: begins(
    'Adapter',
    say(v.optional(count(0, 4096), 0), 'rank of the adapter trained; 0 trains all weights', 'lora_r'),
  ),
  loraAlpha: say(orNone(positive(), 'twice the rank'), 'scale of the adapter times its rank'),
  loraTargets: say(
    v.optional(v.array(v.picklist(adaptable)), adaptable),
    'projections that the adapter adds to',
    'lora_target_modules',
  ),

  learningRate: begins('Optimizer', say(v.optional(positive(), 1e-6), 'peak learning rate', 'lr')),
  schedule: say(
    v.optional(v.picklist(['constant', 'linear', 'cosine']), 'constant'),
    'learning rate after the warm-up',
    'lr_scheduler_type',
  ),
  warmupSteps: say(v.optional(count(0), 0), 'optimizer steps W of linear warm-up; the first has the rate 1/(W + 1)'),
  warmupShare: say(
    v.optional(share(), 0),
    'warm-up as a share of all optimizer steps, where no number is given',
    'warmup_ratio',
  ),
  adamBeta1: say(v.optional(share(), 0.9), 'decay of the first moment'),
  adamBeta2: say(v.optional(share(), 0.999), 'decay of the second moment'),
  adamEpsilon: say(v.optional(positive(), 1e-8), 'added to the root of the second moment'),
  weightDecay: say(v.optional(atLeast(0), 0.01), 'decoupled weight decay, on every parameter'),
  maxGradNorm: say(
    v.optional(v.nullable(positive()), 1),
    'global gradient norm is clipped to this; none = never',
    'grad_clip',
  ),
  microBatchTokens: say(
    v.optional(count(), 2048),
    'most tokens in one forward and backward pass',
    'ppo_max_token_len_per_gpu',
  ),

  saveDtype: begins(
    'Saving and evaluation',
    say(
      v.optional(v.picklist(['f32', 'bf16', 'f16']), 'f32'),
      'type of the weights in final/: f32 is what was trained and evaluated, the others round small updates away',
    ),
  ),
  saveEvery: say(v.optional(count(0), 10), 'steps between checkpoints; 0 = at the end only', 'save_steps', 'save_freq'),
  keepCheckpoints: say(v.optional(count(), 2), 'checkpoints kept, the newest', 'save_total_limit'),
  evalEvery: say(
    v.optional(count(0), 10),
    'steps between evaluations; 0 = before and after only',
    'eval_steps',
    'test_freq',
  ),
  evalAtStart: say(v.optional(v.boolean(), true), 'evaluate before the first step too', 'val_before_train'),
  evalRows: say(orNone(count(), 'all'), 'rows of each held-out file that are used'),
}

/** Settings of `hone train`. */
export const TrainRecipe = v.object({
  preset: preset(trainPresets),
  ...common,
  reward: begins('Reward', say(rewardName(), 'reward, NAME or NAME:variant, a .ts file, or model:DIR', 'reward_funcs')),
  rewardMode: say(v.optional(v.picklist(modes), 'compat'), 'as the published code, or as its paper says'),
  evalReward: say(rewardName(), EXACT),
  maxFaultShare: say(
    v.optional(share(), 0.9),
    'stop where the reward fails on more than this share of a step; 1 never stops',
  ),
  replay: say(
    v.optional(v.nullable(file()), null),
    'file or folder of rollouts that a run has kept: the steps that it holds are learnt from them, the others are sampled',
  ),
  rescore: say(v.optional(v.boolean(), false), 'judge replayed rollouts by the reward again; else they keep theirs'),
  degenerateReward: say(
    orNone(atLeast(-1000), "the reward's own"),
    'reward of a completion that was cut at its limit, repeats itself or is no text; T1 gives -1',
  ),
  permuteRewards: say(v.optional(v.boolean(), false), 'control run: rewards are shuffled over the batch'),

  epsilon: begins(
    'Loss',
    say(
      standsFor(atLeast(0), 'clipLow', 'clipHigh'),
      'ratios further from 1 than this are clipped, unless either bound is given',
      'clip_ratio',
    ),
  ),

  steps: begins('Batches', say(orNone(count(1, MOST_STEPS), 'by epochs'), 'rollout batches', 'max_steps')),
  epochs: say(v.optional(count(), 7), 'passes over the rows', 'num_train_epochs', 'total_epochs'),
  promptsPerStep: say(
    v.optional(count(), 1024),
    'prompts in a rollout batch; another number is another run from its second step on, as the step is part of every draw',
    'train_batch_size',
  ),
  groupSize: say(v.optional(count(), 5), 'completions per prompt', 'num_generations', 'rollout_n'),
  miniBatches: say(v.optional(count(), 4), 'optimizer steps per pass over a rollout batch'),
  iterations: say(v.optional(count(), 1), 'passes over a rollout batch', 'num_iterations', 'ppo_epochs'),
  keepActivations: say(
    v.optional(v.boolean(), true),
    'train on what sampling computed, where a step is one update and memory allows, instead of computing it again',
  ),

  ...samplingSettings,
  ...trainedEnvironmentSettings,

  advantage: begins(
    'Advantage',
    say(v.optional(names(advantages), 'grpo'), 'estimator of the advantage', 'adv_estimator'),
  ),
  ...advantageSettings,
  ...criticSettings,
  zeroVariance: begins(
    'Advantage',
    say(
      v.optional(v.picklist(['keep', 'drop', 'refill']), 'keep'),
      'groups whose rewards are all equal: train on them (KL only), leave them out, or sample other prompts instead',
    ),
  ),
  refillRounds: say(v.optional(count(), 3), 'rollouts at most in place of groups without variance'),

  ...lossSettings,
  ...controlSettings,
})

/** What trains on rows in place of rollouts, as many in each step. */
const ofRows = {
  steps: begins('Batches', say(orNone(count(1, MOST_STEPS), 'by epochs'), 'optimizer steps', 'max_steps')),
  batchSize: say(v.optional(count(), 32), 'rows per optimizer step', 'per_device_train_batch_size'),
}

/** What looks at answers to held-out rows, and samples none to learn from. */
const ofAnswers = {
  evalReward: begins('Saving and evaluation', say(rewardName(), EXACT, 'reward')),
  maxCompletionLength: say(v.optional(count(), 512), 'tokens of a completion in evaluation', 'max_new_tokens'),
  rewardMode: say(v.optional(v.picklist(modes), 'compat'), 'as the published code, or as its paper says'),
}

/** Settings of `hone sft`. */
export const SftRecipe = v.object({
  preset: preset(sftPresets),
  ...common,
  ...ofAnswers,
  ...ofRows,
  epochs: say(v.optional(positive(), 20), 'passes over the rows', 'num_train_epochs'),
  maxLength: say(
    v.optional(v.nullable(count()), 2048),
    'tokens of prompt and completion; longer rows are left out. none = what the model allows',
    'cutoff_len',
  ),
})

const pairLength = say(
  v.optional(v.nullable(count()), 1024),
  'tokens of prompt and longer text; longer pairs are left out. none = what the model allows',
  'cutoff_len',
)

/** Settings of `hone dpo`. */
export const DpoRecipe = v.object({
  preset: preset(dpoPresets),
  ...common,
  ...ofAnswers,
  ...ofRows,
  evalPairs: begins('Saving and evaluation', say(v.optional(files(), []), 'files of held-out pairs')),
  loss: begins('Loss', say(v.optional(names(pairLosses), 'sigmoid'), 'objective', 'loss_type')),
  ...pairSettings,
  rpoAlpha: say(v.optional(atLeast(0), 0), 'weight of the log-likelihood of the chosen texts'),
  reference: say(
    v.optional(v.picklist(['start', 'base']), 'start'),
    'what log-probs are compared with: the model that training begins with, or the model without its adapter',
  ),
  epochs: begins('Batches', say(v.optional(positive(), 3), 'passes over the pairs', 'num_train_epochs')),
  maxLength: pairLength,
})

/** Settings of `hone rm`. */
export const RmRecipe = v.object({
  preset: preset(rmPresets),
  ...common,
  evalData: say(v.optional(files(), []), 'files of held-out pairs', 'val_files'),
  ...ofRows,
  centerRewardsCoefficient: begins(
    'Loss',
    say(v.optional(atLeast(0), 0), 'weight of the square of the sum of the scores of a pair'),
  ),
  epochs: begins('Batches', say(v.optional(positive(), 3), 'passes over the pairs', 'num_train_epochs')),
  maxLength: pairLength,
})

export type TrainRecipe = v.InferOutput<typeof TrainRecipe>
export type SftRecipe = v.InferOutput<typeof SftRecipe>
export type DpoRecipe = v.InferOutput<typeof DpoRecipe>
export type RmRecipe = v.InferOutput<typeof RmRecipe>

/** How held-out rows are answered and judged, in the kinds whose models answer. */
export type Answering = Pick<TrainRecipe, 'evalReward' | 'rewardMode' | 'maxCompletionLength'>

export const isAnswering = <Recipe extends CommonRecipe>(recipe: Recipe): recipe is Recipe & Answering =>
  recipe.evalReward !== undefined

/** What every kind of training is set by, and what only some are. */
export type CommonRecipe = Pick<TrainRecipe, keyof TrainRecipe & keyof RmRecipe> &
  Partial<Answering> &
  Partial<Pick<TrainRecipe, 'reward' | 'stop' | 'referenceMix'>>

/** One law: what rollouts are drawn by, and what the loss takes their log-probs under. */
export function lawOf({ temperature, topK, topP, minP, repetitionPenalty }: TrainRecipe): Law {
  return { temperature, topK, topP, minP, repetitionPenalty }
}
