// What each setting of `hone train` is to verl 0.9 (verl/trainer/config/ppo_trainer.yaml): keys of its configuration, or words on
// what it lacks.
import type { TrainRecipe } from '../../../rl/recipe.ts'

type Value = string | number | boolean | null | readonly (string | number)[]

export interface Counterpart {
  /** Value of a key of verl's configuration, whose parts are joined by dots. */
  set?: Readonly<Record<string, Value>>
  /** Why there is no key for what the recipe says. */
  missing?: string
}

type Row = (recipe: TrainRecipe) => Counterpart

const ACTOR = 'actor_rollout_ref.actor'
const ROLLOUT = 'actor_rollout_ref.rollout'
const MODEL = 'actor_rollout_ref.model'

/** The setting's own value under these keys. */
const as =
  (name: keyof TrainRecipe, ...keys: string[]): Row =>
  (recipe) => ({ set: Object.fromEntries(keys.map((key) => [key, recipe[name] as Value])) })
/** It says where and how hone itself runs. */
const local: Row = () => ({})
/** It is part of another row, or of the files that are written. */
const elsewhere = local
/** verl has the usual value alone. */
const only =
  (name: keyof TrainRecipe, usual: unknown, why: string): Row =>
  (recipe) =>
    JSON.stringify(recipe[name]) === JSON.stringify(usual) ? {} : { missing: why }
/** A name of hone's as verl's, under a key. */
const renamed =
  (name: keyof TrainRecipe, key: string, words: Readonly<Record<string, string>>): Row =>
  (recipe) => {
    const said = String(recipe[name])
    const word = words[said]
    return word === undefined ? { missing: `verl has no ${said}; its own default holds` } : { set: { [key]: word } }
  }

/** Where the recipe says none. */
const PROMPT_LENGTH = 4096
const AGENTS = 'verl plays episodes through agent loops of its own (actor_rollout_ref.rollout.multi_turn); write one'
const NO_STEERING = 'verl keeps the coefficient fixed'

export const counterparts: Readonly<Record<keyof TrainRecipe, Row>> = {
  preset: elsewhere,
  model: as('model', `${MODEL}.path`),
  adapter: ({ adapter }) => (adapter === null ? {} : { set: { [`${MODEL}.lora_adapter_path`]: adapter } }),
  data: () => ({
    set: { 'data.train_files': '${oc.env:JOB_DIR,.}/train.parquet', 'data.filter_overlong_prompts': true },
  }),
  evalData: () => ({ set: { 'data.val_files': '${oc.env:JOB_DIR,.}/val.parquet' } }),
  output: () => ({ set: { 'trainer.default_local_dir': '${oc.env:JOB_DIR,.}/checkpoints' } }),
  prompt: elsewhere,
  seed: as('seed', 'data.seed', `${ACTOR}.data_loader_seed`, `${ROLLOUT}.seed`),
  device: local,
  dtype: local,
  threads: local,
  processes: local,
  rolloutServer: local,
  rolloutProtocol: local,
  rolloutAdapters: local,
  rolloutRequests: local,
  loraRank: ({ loraRank }) => ({
    set: { [`${MODEL}.lora_rank`]: loraRank, ...(loraRank > 0 && { [`${ROLLOUT}.load_format`]: 'safetensors' }) },
  }),
  loraAlpha: ({ loraAlpha, loraRank }) =>
    loraRank === 0 ? {} : { set: { [`${MODEL}.lora_alpha`]: loraAlpha ?? 2 * loraRank } },
  loraTargets: ({ loraTargets, loraRank }) =>
    loraRank === 0 ? {} : { set: { [`${MODEL}.target_modules`]: loraTargets.map((role) => `${role}_proj`) } },
  learningRate: as('learningRate', `${ACTOR}.optim.lr`),
  schedule: renamed('schedule', `${ACTOR}.optim.lr_scheduler_type`, { constant: 'constant', cosine: 'cosine' }),
  warmupSteps: ({ warmupSteps }) => ({ set: { [`${ACTOR}.optim.lr_warmup_steps`]: warmupSteps || -1 } }),
  warmupShare: as('warmupShare', `${ACTOR}.optim.lr_warmup_steps_ratio`),
  adamBeta1: ({ adamBeta1, adamBeta2 }) => ({ set: { [`${ACTOR}.optim.betas`]: [adamBeta1, adamBeta2] } }),
  adamBeta2: elsewhere,
  adamEpsilon: ({ adamEpsilon }) =>
    adamEpsilon === 1e-8 ? {} : { missing: 'set actor_rollout_ref.actor.optim.override_optimizer_config={eps: …}' },
  weightDecay: as('weightDecay', `${ACTOR}.optim.weight_decay`),
  maxGradNorm: ({ maxGradNorm }) => ({
    set: { [`${ACTOR}.grad_clip`]: maxGradNorm ?? 1e9, [`${ACTOR}.optim.clip_grad`]: maxGradNorm ?? 1e9 },
  }),
  // A sequence of the longest prompt and completion must fit.
  microBatchTokens: ({ microBatchTokens, maxPromptLength, maxCompletionLength }) => ({
    set: {
      [`${ACTOR}.use_dynamic_bsz`]: true,
      [`${ACTOR}.ppo_max_token_len_per_gpu`]: Math.max(
        microBatchTokens,
        (maxPromptLength ?? PROMPT_LENGTH) + maxCompletionLength,
      ),
    },
  }),
  saveDtype: local,
  saveEvery: ({ saveEvery }) => ({ set: { 'trainer.save_freq': saveEvery || -1 } }),
  keepCheckpoints: as('keepCheckpoints', 'trainer.max_actor_ckpt_to_keep'),
  evalEvery: ({ evalEvery }) => ({ set: { 'trainer.test_freq': evalEvery || -1 } }),
  evalAtStart: as('evalAtStart', 'trainer.val_before_train'),
  evalRows: elsewhere,
  evalReward: ({ evalReward, reward }) =>
    evalReward === reward ? {} : { missing: `verl judges held-out rows by the reward of training, ${reward}` },
  rewardMode: elsewhere,
  reward: () => ({
    set: {
      'reward.custom_reward_function.path': '${oc.env:JOB_DIR,.}/reward.py',
      'reward.custom_reward_function.name': 'compute_score',
    },
  }),
  maxFaultShare: local,
  replay: only('replay', null, 'rollouts of files cannot be learnt from'),
  rescore: elsewhere,
  degenerateReward: only('degenerateReward', null, 'put it into reward.py'),
  permuteRewards: only('permuteRewards', false, 'there is no control with shuffled rewards'),
  maxCompletionLength: as('maxCompletionLength', 'data.max_response_length'),
  maxPromptLength: ({ maxPromptLength }) =>
    maxPromptLength === null
      ? { set: { 'data.max_prompt_length': PROMPT_LENGTH }, missing: `verl needs a number: ${PROMPT_LENGTH} was put` }
      : { set: { 'data.max_prompt_length': maxPromptLength } },
  rolloutTokens: local,
  drafts: local,
  maskTruncated: only('maskTruncated', false, 'completions cut at the limit carry loss'),
  temperature: as('temperature', `${ROLLOUT}.temperature`),
  topK: ({ topK }) => ({ set: { [`${ROLLOUT}.top_k`]: topK || -1 } }),
  topP: as('topP', `${ROLLOUT}.top_p`),
  minP: only('minP', 0, 'set it in actor_rollout_ref.rollout.engine_kwargs where the server takes it'),
  repetitionPenalty: only('repetitionPenalty', 1, 'there is no key for it'),
  stop: only('stop', [], 'completions end at the tokens of the model alone'),
  constrain: only('constrain', 'none', 'rollouts are held to no grammar'),
  oldLogprobs: only('oldLogprobs', 'auto', 'verl computes them'),
  steps: ({ steps, epochs }) => ({
    set:
      steps === null
        ? { 'trainer.total_epochs': epochs ?? 1 }
        : { 'trainer.total_training_steps': steps, 'trainer.total_epochs': steps },
  }),
  epochs: elsewhere,
  promptsPerStep: as('promptsPerStep', 'data.train_batch_size'),
  groupSize: as('groupSize', `${ROLLOUT}.n`),
  miniBatches: ({ promptsPerStep, miniBatches }) => ({
    set: { [`${ACTOR}.ppo_mini_batch_size`]: Math.ceil(promptsPerStep / miniBatches) },
    ...(promptsPerStep % miniBatches !== 0 && {
      missing: `${promptsPerStep} prompts do not fall into ${miniBatches} equal parts`,
    }),
  }),
  iterations: as('iterations', `${ACTOR}.ppo_epochs`),
  keepActivations: local,
  epsilon: as('epsilon', `${ACTOR}.clip_ratio`),
  clipLow: ({ clipLow, epsilon }) => ({ set: { [`${ACTOR}.clip_ratio_low`]: clipLow ?? epsilon } }),
  clipHigh: ({ clipHigh, epsilon }) => ({ set: { [`${ACTOR}.clip_ratio_high`]: clipHigh ?? epsilon } }),
  dualClip: ({ dualClip }) => ({ set: { [`${ACTOR}.clip_ratio_c`]: dualClip ?? 1e9 } }),
  surrogate: ({ surrogate, ratio }) => {
    const mode =
      surrogate === 'clip' ? CLIPPED[ratio] : surrogate === 'nft' || surrogate === 'reinforce' ? undefined : surrogate
    return mode === undefined
      ? { missing: `verl has no ${surrogate} over the ratio of a ${ratio}; vanilla holds` }
      : { set: { [`${ACTOR}.policy_loss.loss_mode`]: mode } }
  },
  ratio: elsewhere,
  aggregation: renamed('aggregation', `${ACTOR}.loss_agg_mode`, {
    token: 'token-mean',
    sequence: 'seq-mean-token-mean',
    'sequence-sum': 'seq-mean-token-sum',
    constant: 'seq-mean-token-sum-norm',
    'token-sum': 'token-sum',
  }),
  sapoPositive: as('sapoPositive', `${ACTOR}.tau_pos`),
  sapoNegative: as('sapoNegative', `${ACTOR}.tau_neg`),
  nftNormalize: elsewhere,
  nftNegative: elsewhere,
  importanceCorrection: (recipe) =>
    recipe.importanceCorrection === 'none'
      ? {}
      : renamed('importanceCorrection', 'algorithm.rollout_correction.rollout_is', {
          'token-truncate': 'token',
          'sequence-truncate': 'sequence',
        })(recipe),
  importanceCap: as('importanceCap', 'algorithm.rollout_correction.rollout_is_threshold'),
  entropyCoefficient: as('entropyCoefficient', `${ACTOR}.entropy_coeff`),
  topEntropyShare: only('topEntropyShare', 1, 'every token has a policy loss'),
  klCoefficient: ({ klCoefficient, klIn }) =>
    klIn === 'reward'
      ? { set: { 'algorithm.use_kl_in_reward': klCoefficient > 0, 'algorithm.kl_ctrl.kl_coef': klCoefficient } }
      : { set: { [`${ACTOR}.use_kl_loss`]: klCoefficient > 0, [`${ACTOR}.kl_loss_coef`]: klCoefficient } },
  klEstimator: (recipe) => ({
    set: { [recipe.klIn === 'reward' ? 'algorithm.kl_penalty' : `${ACTOR}.kl_loss_type`]: recipe.klEstimator },
  }),
  klClamp: ({ klClamp }) => (klClamp === 10 ? {} : { missing: 'verl clamps the estimate to ±10' }),
  klIn: elsewhere,
  maxKl: only('maxKl', null, 'the run does not stop by itself'),
  referenceMix: only('referenceMix', 0, 'the reference stays with the model that training begins with'),
  referenceEvery: elsewhere,
  klWeighted: only(
    'klWeighted',
    false,
    'the KL is not weighed by the ratio; the estimators k1+ and k3+ have such a gradient',
  ),
  env: only('env', null, AGENTS),
  envCmd: only('envCmd', null, AGENTS),
  agent: only('agent', null, AGENTS),
  tools: only('tools', [], AGENTS),
  mcp: only('mcp', null, AGENTS),
  codeEngine: elsewhere,
  codeUrl: elsewhere,
  codeState: elsewhere,
  frame: only('frame', null, AGENTS),
  maxTurns: elsewhere,
  maxToolCalls: elsewhere,
  searchResults: elsewhere,
  toolResultTokens: elsewhere,
  toolTimeout: elsewhere,
  rolloutTimeout: elsewhere,
  branchInitial: only('branchInitial', null, 'groups are no trees'),
  branchBeam: elsewhere,
  branchAlpha: elsewhere,
  branchBeta: elsewhere,
  branchAdvantage: elsewhere,
  advantage: renamed('advantage', 'algorithm.adv_estimator', {
    grpo: 'grpo',
    rloo: 'rloo',
    opo: 'opo',
    remax: 'remax',
    gae: 'gae',
    gdpo: 'gdpo',
    'reinforce++': 'reinforce_plus_plus',
    'reinforce++-baseline': 'reinforce_plus_plus_baseline',
  }),
  advantageEpsilon: only('advantageEpsilon', 1e-6, 'verl adds 1e-6'),
  scaleRewards: ({ scaleRewards }) => ({
    set: { 'algorithm.norm_adv_by_std_in_grpo': scaleRewards !== 'none' },
    ...(scaleRewards === 'batch' && { missing: 'the deviation is that of a group' }),
  }),
  gamma: as('gamma', 'algorithm.gamma'),
  gaeLambda: as('gaeLambda', 'algorithm.lam'),
  turnWeight: elsewhere,
  zeroVariance: ({ zeroVariance, refillRounds }) =>
    zeroVariance === 'keep'
      ? {}
      : zeroVariance === 'refill'
        ? {
            set: {
              'algorithm.filter_groups.enable': true,
              'algorithm.filter_groups.max_num_gen_batches': refillRounds,
            },
          }
        : { missing: 'groups without variance stay in the batch; filter_groups samples others in their place' },
  refillRounds: elsewhere,
  criticModel: ({ criticModel, advantage }) =>
    advantage === 'gae' && criticModel !== null ? { set: { 'critic.model.path': criticModel } } : {},
  criticLearningRate: ({ criticLearningRate, advantage }) =>
    advantage === 'gae' ? { set: { 'critic.optim.lr': criticLearningRate } } : {},
  criticWarmup: ({ criticWarmup, advantage }) =>
    advantage === 'gae' ? { set: { 'trainer.critic_warmup': criticWarmup } } : {},
  clipValue: ({ clipValue, advantage }) =>
    advantage === 'gae' ? { set: { 'critic.cliprange_value': clipValue ?? 1e9 } } : {},
  klTarget: ({ klTarget }) =>
    klTarget === null ? {} : { set: { 'algorithm.kl_ctrl.type': 'adaptive', 'algorithm.kl_ctrl.target_kl': klTarget } },
  klHorizon: ({ klHorizon, klTarget }) =>
    klTarget === null ? {} : { set: { 'algorithm.kl_ctrl.horizon': klHorizon } },
  entropyTarget: only('entropyTarget', null, NO_STEERING),
  entropyStep: elsewhere,
}

/** The loss with clipping, by what the ratio is taken over. */
const CLIPPED: Readonly<Record<string, string>> = { token: 'vanilla', sequence: 'gspo', 'sequence-token': 'gspo' }
