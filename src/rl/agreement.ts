// The check at the start of a run: tokens have the same log-probs when they are decoded and when they are trained on.
import { EXIT, HoneError } from '../error.ts'
import { mean } from '../eval/statistics.ts'
import type { Constraint } from '../dialogue/constrain.ts'
import type { Law, Sampling } from '../gpu/policy/law.ts'
import { generateAll } from '../gpu/policy/generate.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import { KEY } from './order.ts'

export interface AgreementOptions {
  law: Law
  /** What holds the completions of a prompt. */
  within?: ((prompt: readonly number[]) => Constraint | undefined) | undefined
  seed: number
  ending: Pick<Sampling, 'eosIds' | 'stop'>
  maxPositions: number
}

const TOKENS = 32

/** Sample a few tokens and compare. Returns the largest difference. @throws HoneError, a bug, where it is too large. */
export async function checkAgreement(
  policy: Pick<Policy, 'open' | 'forward'>,
  prompts: readonly (readonly number[])[],
  { tolerance, ...options }: AgreementOptions & { /** Largest difference that is allowed. */ tolerance: number },
): Promise<number> {
  const { worst } = await disagreement(policy, prompts, options)
  if (!(worst <= tolerance))
    throw new HoneError(
      `Log-probs of decoding and of training differ by ${worst.toExponential(1)}: at most ${tolerance} is allowed`,
      {
        exit: EXIT.bug,
        hint: 'training on them would be off-policy without notice; please report this with the output of `hone doctor`',
      },
    )
  return worst
}

/** How far log-probs of sampled tokens are from those that training finds, at worst and on average: NaN where one is no number. */
export async function disagreement(
  policy: Pick<Policy, 'open' | 'forward'>,
  prompts: readonly (readonly number[])[],
  { law, within, seed, ending, maxPositions }: AgreementOptions,
): Promise<{ worst: number; mean: number }> {
  const short = prompts.filter((ids) => ids.length + TOKENS <= maxPositions).slice(0, 2)
  const requests = short.map((prompt, index) => ({
    prompt,
    samples: 2,
    key: [seed, KEY.probe, index],
    within: within?.(prompt),
  }))
  // What a law cuts, it cuts in decoding alone.
  const { temperature } = law
  const sampled = await generateAll(policy, requests, { temperature, maxNewTokens: TOKENS, ...ending })
  const apart: number[] = []
  // One by one: training never does less at a time.
  for (const [g, completions] of sampled.entries()) {
    const group = { prompt: short[g]!, completions: completions.map(({ ids }) => ids) }
    const mask = requests[g]!.within?.mask
    const masks = mask && [group.completions.map((ids) => ids.map((_, t) => mask(ids.slice(0, t))))]
    const [found] = (await policy.forward([group], { temperature, masks })).logprobs
    completions.forEach(({ logprobs }, i) =>
      logprobs.forEach((value, t) => apart.push(Math.abs(value - found![i]![t]!))),
    )
  }
  return { worst: Math.max(0, ...apart), mean: apart.length === 0 ? 0 : mean(apart) }
}
