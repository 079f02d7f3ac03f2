// Log-probs and entropies of every token of the batch against those of the reference.
import type { Model } from '../../gpu/policy/model.ts'
import { BOUND, errors, type Finding } from './finding.ts'
import type { Oracle } from './oracle.ts'

/** `want` holds logprobs and maybe entropy, [rows, S − 1] each: the value of token t + 1 at place t. */
export function logprobFindings(
  prefix: string,
  model: Pick<Model, 'forward'>,
  { rows, length, expect: { temperature } }: Oracle,
  want: ReadonlyMap<string, Float32Array>,
  bound: number = BOUND.logprobs,
): Finding[] {
  const whole = rows.map(({ ids }) => ({ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }))
  const forward = model.forward(whole, { temperature, entropy: true })
  const compare = (name: string, found: readonly Float32Array[][]) => {
    const expected = want.get(name)
    if (!expected) return []
    const each = errors()
    rows.forEach(({ ids }, row) => {
      const from = row * (length - 1)
      each.add(found[row]![0]!, expected.subarray(from, from + ids.length - 1))
    })
    return [each.finding(`${prefix}${name}`, bound, 'abs')]
  }
  return [...compare('logprobs', forward.logprobs), ...compare('entropy', forward.entropies!)]
}
