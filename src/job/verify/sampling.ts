// The added part `sampling`: the distribution of the next token that each law leaves, and how many tokens it keeps.
import * as v from 'valibot'
import type { Device } from '../../gpu/device/device.ts'
import type { Law } from '../../gpu/policy/law.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { likeliest, probabilities } from '../../gpu/policy/sample.ts'
import { BOUND, errors, type Finding } from './finding.ts'
import type { Oracle } from './oracle.ts'

const Cuts = v.object({ top_k: v.number(), top_p: v.number(), min_p: v.number() })
const Figures = v.object({
  ...Cuts.entries,
  temperature: v.number(),
  repetition_penalty: v.number(),
  everything: Cuts,
  kept: v.record(v.string(), v.array(v.number())),
})

/** The laws by the reference's names. */
function lawsOf({
  temperature,
  repetition_penalty: repetitionPenalty,
  everything,
  ...all
}: v.InferOutput<typeof Figures>) {
  const cuts = ({ top_k: topK, top_p: topP, min_p: minP }: v.InferOutput<typeof Cuts>) => ({ topK, topP, minP })
  const { topK, topP, minP } = cuts(all)
  return {
    plain: { temperature: 1 },
    temperature: { temperature },
    top_k: { temperature: 1, topK },
    top_p: { temperature: 1, topP },
    min_p: { temperature: 1, minP },
    all: { temperature: 1, topK, topP, minP },
    all_temperature: { temperature, topK, topP, minP },
    repetition: { temperature: 1, repetitionPenalty },
    everything: { temperature, repetitionPenalty, ...cuts(everything) },
  } satisfies Record<string, Law>
}

export function samplingFindings(device: Device, { dir, added, sequences, read }: Oracle): Finding[] {
  const figures = added('sampling', Figures)
  const want = read('sampling', 'probs.safetensors')!
  const contexts = sequences('', 'sampling', 'rows.safetensors')
  const model = openModel(device, dir)
  const V = model.config.vocabulary
  const rows = contexts.map((ids) => model.logits(ids).slice(-V))
  model.free()
  const rowOf = (name: string, row: number) => want.get(name)!.subarray(row * V, (row + 1) * V)
  const logits = errors()
  rows.forEach((found, row) => logits.add(found, rowOf('logits', row)))
  const laws: [string, Law][] = Object.entries(lawsOf(figures))
  return [
    logits.finding('sampling logits', BOUND.logits, 'abs'),
    ...laws.flatMap(([name, law]) => {
      const [each, counts] = [errors(), errors()]
      rows.forEach((row, r) => {
        const drawn = likeliest(probabilities(row, contexts[r]!, law), law, V)
        const found = new Float32Array(V)
        for (const { id, logprob } of drawn) found[id] = Math.exp(logprob)
        each.add(found, rowOf(name, r))
        counts.add([drawn.length], [figures.kept[name]![r]!])
      })
      return [
        each.finding(`sampling ${name}`, BOUND.logprobs, 'abs'),
        counts.finding(`sampling ${name} kept`, 0, 'abs'),
      ]
    }),
  ]
}
