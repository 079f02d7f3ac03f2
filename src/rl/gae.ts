// Generalised advantage estimation (arXiv 1506.02438): what a critic's values make of the rewards of tokens.

export interface GaeOptions {
  /** γ: what the next token's worth counts for the one before it. */
  gamma: number
  /** λ: 0 trusts the critic, 1 the rewards. */
  gaeLambda: number
}

/**
 * δₜ = rₜ + γ·Vₜ₊₁ − Vₜ, Âₜ = δₜ + γλ·Âₜ₊₁; returns Âₜ + Vₜ. After the last token the value is 0. Rewards and values of a
 * completion's own tokens: what stands between them is no step.
 */
export function gae(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  { gamma, gaeLambda }: GaeOptions,
): { advantages: number[]; returns: number[] } {
  const T = rewards.length
  const advantages = new Array<number>(T)
  let next = 0
  for (let t = T - 1; t >= 0; t--) {
    const delta = rewards[t]! + (t + 1 < T ? gamma * values[t + 1]! : 0) - values[t]!
    advantages[t] = next = delta + gamma * gaeLambda * next
  }
  return { advantages, returns: advantages.map((advantage, t) => advantage + values[t]!) }
}
