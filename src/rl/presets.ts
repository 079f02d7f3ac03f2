// Named sets of settings. The schema's defaults are Tool-N1's recipe; a preset holds what differs from it, and whose it is.

/** For `hone train`. Tool-N1: qwen_rl.sh, verl/examples/agent/qwen.sh and ppo_trainer.yaml of NVlabs/Tool-N1 f9b48492. */
export const trainPresets = {
  'tool-n1': {},
  /** For a first look on a laptop: steps of minutes, not of a day, and groups without variance left out as they teach nothing. */
  quick: {
    steps: 30,
    promptsPerStep: 16,
    groupSize: 8,
    miniBatches: 1,
    maxCompletionLength: 256,
    temperature: 1,
    zeroVariance: 'drop',
    evalRows: 50,
  },
  /** The published trainer's micro-batch mean, whose result depends on how micro-batches are cut. */
  'tool-n1-micro-batch': { aggregation: 'micro-batch', microBatchTokens: 30_720 },
  dapo: { clipHigh: 0.28, klCoefficient: 0, zeroVariance: 'refill', temperature: 1, maskTruncated: true },
  'dr-grpo': { aggregation: 'constant', scaleRewards: 'none', klCoefficient: 0, temperature: 1 },
  gspo: { ratio: 'sequence', aggregation: 'sequence', clipLow: 3e-4, clipHigh: 4e-4, klCoefficient: 0, temperature: 1 },
  cispo: { surrogate: 'cispo', clipHigh: 4, klCoefficient: 0, temperature: 1 },
  sapo: { surrogate: 'sapo', aggregation: 'sequence', klCoefficient: 0, temperature: 1 },
  /** verl's clipped objective bounds the loss of a token with negative advantage by three times the advantage. */
  'dual-clip': { dualClip: 3 },
  rloo: {
    advantage: 'rloo',
    ratio: 'product',
    aggregation: 'sequence',
    klIn: 'reward',
    klEstimator: 'k1',
    klClamp: null,
    klCoefficient: 0.05,
    temperature: 1,
  },
  /** arXiv 2501.11651: many warm samples, a reference that follows. How fast it does is not published: the share is OpenRLHF's. */
  t1: {
    advantage: 'rloo',
    groupSize: 64,
    promptsPerStep: 32,
    miniBatches: 1,
    temperature: 1.2,
    learningRate: 1.5e-6,
    klCoefficient: 2e-4,
    referenceMix: 0.008,
    degenerateReward: -1,
  },
  ppo: {
    advantage: 'gae',
    klIn: 'reward',
    klEstimator: 'k1',
    klClamp: null,
    dualClip: 3,
    groupSize: 1,
    temperature: 1,
  },
  /** arXiv 2505.18116, NVlabs/NFT: 16 updates a rollout batch. */
  nft: {
    surrogate: 'nft',
    aggregation: 'token-sum',
    klCoefficient: 0,
    zeroVariance: 'refill',
    groupSize: 16,
    miniBatches: 16,
    weightDecay: 0.1,
    temperature: 1,
  },
  rft: {
    surrogate: 'nft',
    nftNegative: 0,
    nftNormalize: 0,
    klCoefficient: 0,
    zeroVariance: 'refill',
    temperature: 1,
  },
  /** From RUC-NLPIR/ARPO's training scripts. */
  arpo: {
    branchInitial: 8,
    groupSize: 16,
    promptsPerStep: 128,
    miniBatches: 8,
    maxToolCalls: 3,
    maxPromptLength: 1536,
    maxCompletionLength: 4096,
    klCoefficient: 0,
    temperature: 1,
    epochs: 2,
  },
  'reinforce++': { advantage: 'reinforce++', klIn: 'reward', klEstimator: 'k1', klClamp: null, temperature: 1 },
} satisfies Record<string, Record<string, unknown>>

/** For `hone sft`. Tool-N1: qwen_sft.sh with LLaMA-Factory. */
export const sftPresets = {
  'tool-n1': {
    loraRank: 8,
    learningRate: 2e-5,
    schedule: 'cosine',
    warmupShare: 0.1,
    epochs: 20,
    batchSize: 32,
    maxLength: 2048,
    weightDecay: 0,
  },
  full: { learningRate: 1e-5, schedule: 'cosine', warmupShare: 0.1, epochs: 3 },
} satisfies Record<string, Record<string, unknown>>

/** For `hone rm`. */
export const rmPresets = {
  trl: { learningRate: 1e-4, schedule: 'linear', epochs: 3, batchSize: 8, weightDecay: 0, maxLength: 1024 },
} satisfies Record<string, Record<string, unknown>>

/** For `hone dpo`. */
export const dpoPresets = {
  trl: { learningRate: 1e-6, schedule: 'linear', epochs: 3, batchSize: 8, weightDecay: 0, maxLength: 1024 },
} satisfies Record<string, Record<string, unknown>>

/** What each preset is and whose, by kind of training. */
export const presetNotes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  train: {
    'tool-n1': 'Tool-N1 as published (arXiv 2505.00024): GRPO with a small KL, token mean',
    quick: 'a first look on a laptop: small steps, groups without variance left out',
    'tool-n1-micro-batch':
      "Tool-N1 with its trainer's mean over micro-batches, whose result depends on how these are cut",
    dapo: 'DAPO (arXiv 2503.14476): clip-higher, token mean, groups without variance replaced, no KL',
    'dr-grpo': 'Dr.GRPO (arXiv 2503.20783): neither the length nor the deviation divides',
    gspo: 'GSPO (arXiv 2507.18071): one ratio per completion',
    cispo: 'CISPO (arXiv 2506.13585): the bounded ratio weighs the log-prob',
    sapo: 'SAPO (arXiv 2511.20347): a smooth gate in place of the clip',
    'dual-clip': "PPO's objective bounded for negative advantages too, as verl has it",
    rloo: "TRL's RLOOTrainer: ratio of whole completions, KL charged to the reward",
    t1: 'T1 (arXiv 2501.11651): many warm samples, a reference that follows',
    ppo: "verl's PPO: a critic, the KL charged to the reward",
    nft: 'NFT (arXiv 2505.18116): right and wrong answers by their likelihood',
    rft: 'rejection-sampling fine-tuning: the right answers of each group alone',
    arpo: 'ARPO (arXiv 2507.19849): half of a group begins at the prompt, the rest branches off after results of tools',
    'reinforce++': 'REINFORCE++ (arXiv 2501.03262): rewards whitened over the batch',
  } satisfies Record<keyof typeof trainPresets, string>,
  sft: {
    'tool-n1': "Tool-N1's fine-tuning (qwen_sft.sh with LLaMA-Factory): a LoRA adapter of rank 8",
    full: 'every weight, three passes',
  } satisfies Record<keyof typeof sftPresets, string>,
  dpo: { trl: "TRL's DPOTrainer" } satisfies Record<keyof typeof dpoPresets, string>,
  rm: { trl: "TRL's RewardTrainer" } satisfies Record<keyof typeof rmPresets, string>,
}
