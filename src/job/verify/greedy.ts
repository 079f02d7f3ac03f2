// What is written greedily against the reference's ids, and its log-probs against those that training gives them.
import type { Model } from '../../gpu/policy/model.ts'
import { generateAll } from '../../gpu/policy/generate.ts'
import { errors, type Finding } from './finding.ts'
import type { Oracle } from './oracle.ts'

/** `bound`: of log-probs. */
export async function greedyFindings(model: Model, { rows, expect }: Oracle, bound: number): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [row, want] of Object.entries(expect.greedy)) {
    const { ids, promptLength } = rows[Number(row)]!
    const request = { prompt: ids.slice(0, promptLength), samples: 1, key: [0] }
    const sampling = { temperature: 0, maxNewTokens: want.length, eosIds: [] }
    const [[completion] = []] = await generateAll(model, [request], sampling)
    const wrong = want.filter((id, i) => completion!.ids[i] !== id).length
    const { logprobs } = model.forward([{ prompt: request.prompt, completions: [completion!.ids] }], { temperature: 1 })
    const decode = errors()
    decode.add(completion!.logprobs, logprobs[0]![0]!)
    findings.push({
      name: `greedy ids ${row}`,
      max_abs: wrong,
      max_rel: wrong / want.length,
      bound: 0,
      by: 'ids',
      ok: wrong === 0,
    })
    findings.push(decode.finding(`decode logprobs ${row}`, bound, 'abs'))
  }
  return findings
}
