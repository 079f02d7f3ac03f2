// What drafts are worth in the rollout of `hone demo` from its second epoch on, when a row's answer of before is known: the same completions
// with guesses and without, in turn in one process. Usage: bun test/bench/decode.ts [PROMPTS …] [--rounds N] [--threads N] [--device D]
// Prints one line of JSON a number of prompts (16), of 8 samples each: seconds are medians of the rounds after the first; `same_ids` must be all.
// On real prompts: test/bench/generate.ts.
import { join } from 'node:path'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { openDevice } from '../../src/gpu/device/open.ts'
import { generateAll, type GenerationRequest } from '../../src/gpu/policy/generate.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import { drafts, type Drafts, type Work } from '../../src/gpu/policy/session.ts'
import { minicallPrompts } from './prompts.ts'
import { median, words } from './words.ts'

const SAMPLES = 8
const { places, device, threads, rounds } = words()
const batches = places.length > 0 ? places.map(Number) : [16]
const folder = join(import.meta.dir, '../../fixtures/minicall/model')
const policy = openModel(await openDevice(device, { threads }), folder)
const { eosIds } = await loadTokenizer(folder)
const prompts = await minicallPrompts(folder, (rounds + 1) * Math.max(...batches))
const sampling = { temperature: 1, maxNewTokens: 64, eosIds }

for (const batch of batches) {
  const took: Record<Drafts, { seconds: number; work: Work; ids: string }[]> = { off: [], auto: [] }
  for (let round = 0; round <= rounds; round++) {
    const some = Array.from({ length: batch }, (_, i) => prompts[(round * batch + i) % prompts.length]!)
    const first = some.map((prompt, i): GenerationRequest => ({ prompt, samples: SAMPLES, key: [round, i] }))
    const before = await generateAll(policy, first, sampling)
    const requests = first.map((request, i) => ({
      ...request,
      earlier: before[i]!.map(({ ids }) => ids),
      key: [...request.key, 1],
    }))
    // Which comes first changes from round to round; the first round compiles graphs and touches memory for the first time.
    for (const setting of round % 2 === 0 ? drafts : drafts.toReversed()) {
      const each = await timed(requests, setting)
      if (round > 0) took[setting].push(each)
    }
  }
  const total = (drafts: Drafts, of: (work: Work) => number) =>
    took[drafts].reduce((sum, { work }) => sum + of(work), 0)
  const perPass = (drafts: Drafts) => total(drafts, ({ written }) => written) / total(drafts, ({ passes }) => passes)
  const guessed = total('auto', (work) => work.guessed)
  console.log(
    JSON.stringify({
      rows: batch * SAMPLES,
      written: total('auto', ({ written }) => written) / rounds,
      plain_s: rounded(median(took.off.map(({ seconds }) => seconds))),
      drafts_s: rounded(median(took.auto.map(({ seconds }) => seconds))),
      times_faster: rounded(median(took.off.map(({ seconds }, i) => seconds / took.auto[i]!.seconds))),
      plain_tokens_per_pass: rounded(perPass('off')),
      drafts_tokens_per_pass: rounded(perPass('auto')),
      accepted: rounded(total('auto', (work) => work.accepted) / Math.max(1, guessed)),
      same_ids: `${took.off.filter(({ ids }, i) => ids === took.auto[i]!.ids).length}/${rounds}`,
    }),
  )
}
process.exit(0)

async function timed(requests: readonly GenerationRequest[], drafts: Drafts) {
  const works: Work[] = []
  const started = performance.now()
  const written = await generateAll(policy, requests, sampling, { drafts, onWork: (work) => void works.push(work) })
  const seconds = (performance.now() - started) / 1000
  return { seconds, work: works[0]!, ids: JSON.stringify(written.map((group) => group.map(({ ids }) => ids))) }
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
