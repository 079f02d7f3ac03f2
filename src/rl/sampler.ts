// Another sampler than the trainer: it is given the weights before every step, and what it says of its tokens is held against them.
import { mean } from '../eval/statistics.ts'
import { EXIT, HoneError } from '../error.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Metrics } from '../rundir/event.ts'
import { disagreement, type AgreementOptions } from './agreement.ts'
import type { Frozen, Judged } from './record.ts'
import { gather } from './trained.ts'

export interface Sampler extends Pick<Policy, 'open'> {
  /** For people. */
  name: string
  /** Write from now on by the weights that the policy has, those after so many steps. @throws HoneError where that cannot be. */
  follow(policy: Pick<Policy, 'save'>, version: number): Promise<void>
  close(): Promise<void>
}

/** Mean difference of log-probs from which on types and kernels do not account for it, and from which on it is another model. */
const [STRANGE, FOREIGN] = [0.1, 1]

/** What to say of how far sampler and trainer agree on a few prompts, and whether loudly. @throws HoneError where they are different models. */
export async function checkSampler(
  sampler: Sampler,
  policy: Pick<Policy, 'forward'>,
  prompts: readonly (readonly number[])[],
  options: AgreementOptions,
): Promise<{ text: string; loud: boolean }> {
  const { mean } = await disagreement({ open: sampler.open, forward: policy.forward }, prompts, options)
  const text = `log-probs of ${sampler.name} and of training differ by ${mean.toPrecision(2)} a token`
  // What is no number is no agreement.
  if (!(mean < FOREIGN))
    throw new HoneError(`Cannot learn from what the server samples: ${text}`, {
      exit: EXIT.no,
      hint: 'it must serve the model that is trained here, with the same tokenizer, and say log-probs of the law that it draws by (vLLM: --logprobs-mode processed_logprobs)',
    })
  return mean < STRANGE
    ? { text, loud: false }
    : {
        text: `${text}: does it say log-probs of the law that it draws by (vLLM: --logprobs-mode processed_logprobs)?`,
        loud: true,
      }
}

/** How far the two are apart on what was sampled, named as TRL names it. */
export function samplerMetrics(rollouts: readonly Judged<Frozen>[]): Metrics {
  const apart = rollouts
    .filter(({ live }) => live)
    .flatMap(({ completions }) =>
      completions.flatMap((each) => {
        const said = gather(each.logprobs, each)
        return Array.from(gather(each.old, each), (found, t) => Math.abs(found - said[t]!))
      }),
    )
  if (apart.length === 0) return {}
  return {
    'sampling/sampling_logp_difference/mean': mean(apart),
    'sampling/sampling_logp_difference/max': apart.reduce((most, each) => Math.max(most, each), 0),
  }
}
