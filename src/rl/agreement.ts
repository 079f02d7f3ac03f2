// The check at the start of a run: tokens have the same log-probs when they are decoded and when they are trained on.
import { EXIT, HoneError } from '../error.ts'
import type { Policy, Sampling } from '../gpu/policy.ts'
import type { Prompt } from './record.ts'
import { KEY } from './order.ts'

export interface AgreementOptions {
  temperature: number
  seed: number
  ending: Pick<Sampling, 'eosIds' | 'stop'>
  /** Largest difference allowed; null allows any. On the CPU both compute in float32. */
  tolerance: number | null
}

/** Sample a few tokens and compare. Returns what to say of it. @throws HoneError, a bug, where they differ. */
export async function checkAgreement(
  policy: Pick<Policy, 'generate' | 'forward'>,
  prompts: readonly Prompt[],
  { temperature, seed, ending, tolerance }: AgreementOptions,
): Promise<string> {
  const requests = prompts.map(({ ids, index }) => ({ prompt: ids, samples: 2, key: [seed, KEY.probe, index] }))
  const sampled = await policy.generate(requests, { temperature, maxNewTokens: 32, ...ending })
  const groups = sampled.map((completions, g) => ({
    prompt: prompts[g]!.ids,
    completions: completions.map(({ ids }) => ids),
  }))
  const { logprobs } = policy.forward(groups, { temperature })
  let worst = 0
  sampled.forEach((completions, g) =>
    completions.forEach((completion, i) =>
      completion.logprobs.forEach((value, t) => {
        const difference = Math.abs(value - logprobs[g]![i]![t]!)
        if (!(difference <= worst)) worst = difference
      }),
    ),
  )
  if (tolerance !== null && !(worst <= tolerance))
    throw new HoneError(
      `Log-probs of decoding and of training differ by ${worst.toExponential(1)}: at most ${tolerance} is allowed`,
      {
        exit: EXIT.bug,
        hint: 'Training on them would be off-policy without notice; please report this with the output of `hone doctor`.',
      },
    )
  const how = tolerance === null ? 'differ by' : 'agree within'
  return `log-probs of decoding and of training ${how} ${worst.toExponential(1)}`
}
