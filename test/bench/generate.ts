// Tokens a second of greedy decoding on real prompts: BFCL questions of about 500 tokens, 64 new tokens, batches of 1, 8 and 16, without
// drafts and with them. Usage: bun test/bench/generate.ts MODEL [BATCH …] [--prompt FORM] [--rounds N] [--device D] [--threads N] [--ends]
// [--peers PYTHON | --llama FOLDER --model FILE.gguf]. MODEL is a folder, or a finished run of all weights (a short `hone sft` on such rows;
// --prompt then names its form). Needs $HONE_SHARED/data/bfcl_v4. With --peers transformers' generate does the same work in turn with hone
// (test/bench/transformers.py; a Python with torch and transformers), with --llama llama.cpp (test/bench/llama.ts; a folder with
// node-llama-cpp, the same weights as GGUF). No id ends a completion, unless with --ends: then each is as long as the model makes it, which
// no peer is asked for. Prints one line of JSON a batch: medians of the rounds after the first, prefill included;
// `same_ids` counts the completions that drafts left as they were (must be all), and those of the peer that are hone's.
import { join } from 'node:path'
import * as v from 'valibot'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { openDevice } from '../../src/gpu/device/open.ts'
import { generateAll } from '../../src/gpu/policy/generate.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import { drafts, type Drafts, type Work } from '../../src/gpu/policy/session.ts'
import { modelFolder } from '../../src/job/model-folder.ts'
import { sharedPath } from '../shared.ts'
import { bfclPrompts } from './prompts.ts'
import { median, words } from './words.ts'

interface Taken {
  seconds: number
  ids: number[][]
}

const NEW = 64
const { places, device: spec, threads, peers, llama, model: gguf = '', prompt, rounds, ends } = words()
const [place = '', ...sizes] = places
const data = sharedPath('data', 'bfcl_v4')
if (!place || !data) {
  console.error('usage: bun test/bench/generate.ts MODEL [BATCH …], with BFCL in $HONE_SHARED/data/bfcl_v4')
  process.exit(2)
}

const { model } = modelFolder(place)
const prompts = await bfclPrompts(model, data, prompt)
const eosIds = ends ? (await loadTokenizer(model)).eosIds : []
const policy = openModel(await openDevice(spec, { threads }), model)
const beside = (script: string) => join(import.meta.dir, script)
const command = llama
  ? [process.execPath, beside('llama.ts'), gguf, String(threads), llama]
  : peers && [peers, beside('transformers.py'), model, String(threads)]
const peer = command && !ends ? await openPeer(command) : undefined
for (const size of sizes.length > 0 ? sizes.map(Number) : [1, 8, 16]) {
  const took: Record<Drafts, (Taken & { work: Work })[]> = { off: [], auto: [] }
  const theirs: Taken[] = []
  for (let round = 0; round <= rounds; round++) {
    const batch = Array.from({ length: size }, (_, i) => prompts[(round * size + i) % prompts.length]!)
    // Which comes first changes from round to round; the first round compiles graphs and touches memory for the first time.
    for (const setting of round % 2 === 0 ? drafts : drafts.toReversed()) {
      const each = await complete(batch, setting)
      if (round > 0) took[setting].push(each)
    }
    const answer = await peer?.(batch)
    if (answer && round > 0) theirs.push(answer)
  }
  console.log(JSON.stringify(lineOf(size, took, theirs)))
}
process.exit(0)

function lineOf(size: number, took: Record<Drafts, (Taken & { work: Work })[]>, theirs: readonly Taken[]) {
  const rate = (times: readonly Taken[]) => round(median(times.map(({ seconds, ids }) => ids.flat().length / seconds)))
  const times = (slow: readonly Taken[], fast: readonly Taken[]) =>
    round(median(slow.map(({ seconds }, i) => seconds / fast[i]!.seconds)))
  const same = (some: readonly Taken[]) => {
    const equal = some.flatMap(({ ids }, i) => ids.filter((each, n) => each.join() === took.off[i]!.ids[n]!.join()))
    return `${equal.length}/${rounds * size}`
  }
  const sum = (of: (work: Work) => number) => took.auto.reduce((all, { work }) => all + of(work), 0)
  return {
    batch: size,
    prompt_tokens: Math.round(prompts.reduce((all, ids) => all + ids.length, 0) / prompts.length),
    new_tokens: round(sum(({ written }) => written) / rounds / size),
    plain_tok_s: rate(took.off),
    drafts_tok_s: rate(took.auto),
    drafts_times_faster: times(took.off, took.auto),
    tokens_per_pass: round(sum(({ written }) => written) / sum(({ passes }) => passes) / size),
    accepted: round(
      sum(({ accepted }) => accepted) /
        Math.max(
          1,
          sum(({ guessed }) => guessed),
        ),
    ),
    same_ids: same(took.auto),
    ...(theirs.length > 0 && {
      peer: llama ? 'llama.cpp' : 'transformers',
      peer_tok_s: rate(theirs),
      plain_times_peer: times(theirs, took.off),
      drafts_times_peer: times(theirs, took.auto),
      peer_same_ids: same(theirs),
    }),
  }
}

async function complete(batch: readonly number[][], drafts: Drafts): Promise<Taken & { work: Work }> {
  const works: Work[] = []
  const requests = batch.map((prompt, i) => ({ prompt, samples: 1, key: [i] }))
  const options = { drafts, onWork: (work: Work) => void works.push(work) }
  const started = performance.now()
  const written = await generateAll(policy, requests, { temperature: 0, maxNewTokens: NEW, eosIds }, options)
  const seconds = (performance.now() - started) / 1000
  return { seconds, ids: written.map(([completion]) => completion!.ids), work: works[0]! }
}

/** A process that answers one line of JSON to each it is given. */
async function openPeer(command: string[]) {
  const child = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' })
  const lines = (async function* () {
    let rest = ''
    for await (const bytes of child.stdout.pipeThrough(new TextDecoderStream())) {
      const [last, ...whole] = (rest + bytes).split('\n').toReversed()
      rest = last!
      yield* whole.toReversed()
    }
  })()
  await lines.next()
  const Answer = v.object({ seconds: v.number(), ids: v.array(v.array(v.number())) })
  return async (batch: readonly number[][]) => {
    child.stdin.write(`${JSON.stringify({ prompts: batch, tokens: NEW })}\n`)
    await child.stdin.flush()
    return v.parse(Answer, JSON.parse((await lines.next()).value ?? ''))
  }
}

function round(value: number): number {
  return Number(value.toFixed(2))
}
