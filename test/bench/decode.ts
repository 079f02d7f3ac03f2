// What drafts are worth: the same completions with guesses and without, in turn in one process.
// Usage: bun test/bench/decode.ts MODEL [BATCH …] [--threads N] [--device D]   greedy answers to BFCL questions of about 500 tokens
//        bun test/bench/decode.ts minicall [PROMPTS …] [--threads N]           the rollout of `hone demo` from its second epoch on
// MODEL is a folder or a finished run (a short `hone sft` on such rows first). Needs $HONE_SHARED/data/bfcl_v4. Prints one line of JSON
// a batch: seconds are medians of ROUNDS rounds; `same_ids` must be all.
import { join } from 'node:path'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { openDevice } from '../../src/gpu/device/open.ts'
import { generateAll, type GenerationRequest } from '../../src/gpu/policy/generate.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import type { Drafts, Work } from '../../src/gpu/policy/session.ts'
import { modelFolder } from '../../src/job/model-folder.ts'
import { sharedPath } from '../shared.ts'
import { bfclPrompts, minicallPrompts } from './prompts.ts'
import { median, words } from './words.ts'

const ROUNDS = 3
const { places, device, threads } = words()
const [place = '', ...sizes] = places
const demo = place === 'minicall'
const data = sharedPath('data', 'bfcl_v4')
if (!place || (!demo && !data)) {
  console.error('usage: bun test/bench/decode.ts MODEL|minicall [BATCH …], with BFCL in $HONE_SHARED/data/bfcl_v4')
  process.exit(2)
}
const { model: folder, adapter } = modelFolder(demo ? join(import.meta.dir, '../../fixtures/minicall/model') : place)
const policy = openModel(await openDevice(device, { threads }), folder, { adapter })
const { eosIds } = await loadTokenizer(folder)
const batches = sizes.length > 0 ? sizes.map(Number) : demo ? [16] : [1, 8, 16]
const prompts = demo
  ? await minicallPrompts(folder, (ROUNDS + 1) * Math.max(...batches))
  : await bfclPrompts(folder, data!)
const sampling = demo ? { temperature: 1, maxNewTokens: 64, eosIds } : { temperature: 0, maxNewTokens: 128, eosIds }

for (const batch of batches) {
  const took: Record<Drafts, { seconds: number; work: Work; ids: string }[]> = { off: [], auto: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const some = Array.from({ length: batch }, (_, i) => prompts[(round * batch + i) % prompts.length]!)
    const requests = some.map((prompt, i): GenerationRequest => ({ prompt, samples: demo ? 8 : 1, key: [round, i] }))
    if (demo) {
      const before = await generateAll(policy, requests, sampling)
      requests.forEach((request, i) => {
        request.earlier = before[i]!.map(({ ids }) => ids)
        request.key = [...request.key, 1]
      })
    }
    // Which comes first changes from round to round; the first round compiles graphs and touches memory for the first time.
    for (const drafts of round % 2 === 0 ? (['off', 'auto'] as const) : (['auto', 'off'] as const)) {
      const each = await timed(requests, drafts)
      if (round > 0) took[drafts].push(each)
    }
  }
  const total = (drafts: Drafts, of: (work: Work) => number) =>
    took[drafts].reduce((sum, { work }) => sum + of(work), 0)
  const perPass = (drafts: Drafts) => total(drafts, ({ written }) => written) / total(drafts, ({ passes }) => passes)
  const guessed = total('auto', (work) => work.guessed)
  console.log(
    JSON.stringify({
      batch: demo ? batch * 8 : batch,
      written: total('auto', ({ written }) => written) / ROUNDS,
      plain_s: rounded(median(took.off.map(({ seconds }) => seconds))),
      drafts_s: rounded(median(took.auto.map(({ seconds }) => seconds))),
      times_faster: rounded(median(took.off.map(({ seconds }, i) => seconds / took.auto[i]!.seconds))),
      plain_tokens_per_pass: rounded(perPass('off')),
      drafts_tokens_per_pass: rounded(perPass('auto')),
      accepted: rounded(total('auto', (work) => work.accepted) / Math.max(1, guessed)),
      same_ids: `${took.off.filter(({ ids }, i) => ids === took.auto[i]!.ids).length}/${ROUNDS}`,
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
