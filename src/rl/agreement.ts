// The check at the start of a run: tokens have the same log-probs when they are decoded and when they are trained on.
import { EXIT, HoneError } from '../error.ts'
import type { Constraint } from '../dialogue/constrain.ts'
import type { Law, Sampling } from '../gpu/policy/law.ts'
import { generateAll } from '../gpu/policy/generate.ts'
import type { PerToken, Policy } from '../gpu/policy/policy.ts'
import { KEY } from './order.ts'

export interface AgreementOptions {
  law: Law
  /** What holds the completions of a prompt. */
  within?: ((prompt: readonly number[]) => Constraint | undefined) | undefined
  seed: number
  ending: Pick<Sampling, 'eosIds' | 'stop'>
  maxPositions: number
  /** Largest difference that is allowed. */
  tolerance: number
}

const TOKENS = 32

/** Sample a few tokens and compare. Returns the largest difference. @throws HoneError, a bug, where it is too large. */
export async function checkAgreement(
  policy: Pick<Policy, 'open' | 'forward'>,
  prompts: readonly (readonly number[])[],
  { law, within, seed, ending, maxPositions, tolerance }: AgreementOptions,
): Promise<number> {
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
  const groups = sampled.map((completions, g) => ({
    prompt: short[g]!,
    completions: completions.map(({ ids }) => ids),
  }))
  // One by one: training never does less at a time.
  const logprobs: PerToken = []
  for (const [g, group] of groups.entries()) {
    const mask = requests[g]!.within?.mask
    const masks = mask && [group.completions.map((ids) => ids.map((_, t) => mask(ids.slice(0, t))))]
    logprobs.push((await policy.forward([group], { temperature, masks })).logprobs[0]!)
  }
  let worst = 0
  sampled.forEach((completions, g) =>
    completions.forEach((completion, i) =>
      completion.logprobs.forEach((value, t) => {
        const difference = Math.abs(value - logprobs[g]![i]![t]!)
        if (!(difference <= worst)) worst = difference
      }),
    ),
  )
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
