// Tokens a second of greedy decoding on real prompts: BFCL questions of about 500 tokens, 64 new tokens, batches of 1, 8 and 16.
// Usage: bun test/bench/generate.ts MODEL [BATCH …] [--device D] [--threads N] [--drafts auto|off]
// [--peers PYTHON | --llama FOLDER --model FILE.gguf]. Needs $HONE_SHARED/data/bfcl_v4. With --peers transformers' generate does the same
// work in turn with hone (test/bench/transformers.py; a Python with torch and transformers), with --llama llama.cpp (test/bench/llama.ts; a
// folder with node-llama-cpp, the same weights as GGUF). Prints one line of JSON a batch: medians of ROUNDS rounds, prefill included.
import { join } from 'node:path'
import * as v from 'valibot'
import { openDevice } from '../../src/gpu/device/open.ts'
import { generateAll } from '../../src/gpu/policy/generate.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import { sharedPath } from '../shared.ts'
import { bfclPrompts } from './prompts.ts'
import { median, words } from './words.ts'

const [NEW, ROUNDS] = [64, 3]
const { places, device: spec, threads, peers, llama, model: gguf = '', drafts } = words()
const [model = '', ...sizes] = places
const data = sharedPath('data', 'bfcl_v4')
if (!model || !data) {
  console.error('usage: bun test/bench/generate.ts MODEL [BATCH …], with BFCL in $HONE_SHARED/data/bfcl_v4')
  process.exit(2)
}

const prompts = await bfclPrompts(model, data)
const policy = openModel(await openDevice(spec, { threads }), model)
const beside = (script: string) => join(import.meta.dir, script)
const command = llama
  ? [process.execPath, beside('llama.ts'), gguf, String(threads), llama]
  : peers && [peers, beside('transformers.py'), model, String(threads)]
const peer = command ? await openPeer(command) : undefined
for (const size of sizes.length > 0 ? sizes.map(Number) : [1, 8, 16]) {
  const seconds = { hone: [] as number[], peer: [] as number[] }
  let same = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const batch = Array.from({ length: size }, (_, i) => prompts[(round * size + i) % prompts.length]!)
    const started = performance.now()
    const own = await complete(batch)
    const took = (performance.now() - started) / 1000
    const theirs = await peer?.(batch)
    // The first round compiles graphs and touches memory for the first time.
    if (round === 0) continue
    seconds.hone.push(took)
    if (!theirs) continue
    seconds.peer.push(theirs.seconds)
    same += own.filter((ids, i) => ids.join() === theirs.ids[i]!.join()).length
  }
  const rate = (times: number[]) => (times.length === 0 ? undefined : round((size * NEW) / median(times)))
  console.log(
    JSON.stringify({
      batch: size,
      prompt_tokens: Math.round(prompts.reduce((sum, ids) => sum + ids.length, 0) / prompts.length),
      new_tokens: NEW,
      hone_tok_s: rate(seconds.hone),
      peer: command && (llama ? 'llama.cpp' : 'transformers'),
      peer_tok_s: rate(seconds.peer),
      times_faster: peer && round(median(seconds.peer.map((each, i) => each / seconds.hone[i]!))),
      same_ids: peer && `${same}/${ROUNDS * size}`,
    }),
  )
}
process.exit(0)

async function complete(batch: readonly number[][]): Promise<number[][]> {
  const requests = batch.map((prompt, i) => ({ prompt, samples: 1, key: [i] }))
  const written = await generateAll(policy, requests, { temperature: 0, maxNewTokens: NEW, eosIds: [] }, { drafts })
  return written.map(([completion]) => completion!.ids)
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
