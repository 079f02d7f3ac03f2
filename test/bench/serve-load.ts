// A server under load: clients that ask short and long things, read slowly and go away, each answer held against that of `hone infer`.
// Usage: bun test/bench/serve-load.ts MODEL [SECONDS=60] [CLIENTS=64] [TOKENS=48] [--device D]. Prints one line of JSON; exit 1 where an answer
// was lost or another's. Tokens a second stand beside those of one client alone, measured on the same server before.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { data, flush, log } from '../../src/out.ts'
import { stream as randoms } from '../../src/rng.ts'
import { words } from './words.ts'

const { places, device } = words()
const [model = '', ...numbers] = places
const [seconds = 60, clients = 64, tokens = 48] = numbers.map(Number)
const hone = [process.execPath, join(import.meta.dir, '../../src/main.ts')]
const SEED = 11
const ALONE = Math.min(10, seconds / 3)

/** Prompts of a few words to a few hundred. */
const WORDS = 'open the ticket for a train to Oslo and tell me when it leaves if the weather there is warm'.split(' ')
const prompts = Array.from({ length: 16 }, (_, i) => {
  const random = randoms(1, i)
  const length = i % 4 === 0 ? 150 : 4 + Math.floor(random() * 30)
  return Array.from({ length }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')
})
/** Prompts that are also asked by a seed. */
const SEEDED = 4

interface Case {
  prompt: string
  law: { temperature: number; seed?: number }
  /** What infer writes. */
  ids: number[]
}

function infer(rows: readonly string[], ...flags: string[]): number[][] {
  const { stdout, exitCode } = Bun.spawnSync(
    [...hone, 'infer', model, '--device', device, '--max-new-tokens', String(tokens), ...flags],
    {
      stdin: Buffer.from(rows.map((prompt) => `${JSON.stringify({ prompt })}\n`).join('')),
      stderr: 'inherit',
    },
  )
  if (exitCode !== 0) process.exit(2)
  const lines = stdout.toString().trimEnd().split('\n')
  return lines.map((line): number[] => JSON.parse(line).output_ids)
}

/** By a seed each prompt by itself: row 0 of an infer of its own draws as the one prompt of a request. */
function expected(): Case[] {
  const greedy = infer(prompts).map((ids, i): Case => ({ prompt: prompts[i]!, law: { temperature: 0 }, ids }))
  const law = { temperature: 0.9, seed: SEED }
  const seeded = prompts.slice(0, SEEDED).map((prompt): Case => {
    const [ids] = infer([prompt], '--temperature', String(law.temperature), '--seed', String(SEED))
    return { prompt, law, ids: ids! }
  })
  return [...greedy, ...seeded]
}

const counts = { asked: 0, answered: 0, streamed: 0, slow: 0, gone: 0, busy: 0, lost: 0, wrong: 0 }
const faults: string[] = []

async function ask(url: string, { prompt, law, ids }: Case, random: () => number, peaceful: boolean): Promise<void> {
  const most = 1 + Math.floor(random() * tokens)
  const kind = peaceful ? 0 : random()
  const streamed = kind > 0.3
  const slow = kind > 0.7 && kind <= 0.8
  const leaves = kind > 0.8
  const abort = new AbortController()
  if (leaves) setTimeout(() => abort.abort(), random() * 400)
  counts.asked++
  try {
    const response = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ prompt, ...law, max_tokens: most, stream: streamed, return_token_ids: true }),
      signal: abort.signal,
    })
    if (response.status === 429) {
      counts.busy++
      return await Bun.sleep(200)
    }
    const got = streamed ? await idsOfStream(response, slow, random) : (await response.json()).choices[0].token_ids
    if (leaves && abort.signal.aborted) return void counts.gone++
    counts.answered++
    if (streamed) counts.streamed++
    if (slow) counts.slow++
    const want = ids.slice(0, most)
    if (JSON.stringify(got) !== JSON.stringify(want)) {
      counts.wrong++
      faults.push(`${JSON.stringify(law)} ${prompt.slice(0, 40)}: ${got} instead of ${want}`)
    }
  } catch (error) {
    if (abort.signal.aborted) return void counts.gone++
    counts.lost++
    faults.push(String(error))
  }
}

async function idsOfStream(response: Response, slow: boolean, random: () => number): Promise<number[]> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of response.body!) {
    text += decoder.decode(part, { stream: true })
    if (slow) await Bun.sleep(random() * 40)
  }
  const events = text.trimEnd().split('\n\n')
  if (events.pop() !== 'data: [DONE]') throw new Error('the stream broke off')
  return events.flatMap((event) => JSON.parse(event.slice('data: '.length)).choices[0].token_ids ?? [])
}

const metric = async (url: string, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (.*)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text())![1])

/** So many clients for so long; tokens a second. */
async function load(
  url: string,
  cases: readonly Case[],
  count: number,
  seconds: number,
  seed: number,
): Promise<number> {
  const before = await metric(url, 'hone_generated_tokens_total')
  const began = performance.now()
  const over = () => performance.now() - began > seconds * 1000
  const one = async (client: number) => {
    const random = randoms(seed, client)
    while (!over()) await ask(url, cases[Math.floor(random() * cases.length)]!, random, count === 1)
  }
  await Promise.all(Array.from({ length: count }, (_, client) => one(client)))
  const after = await metric(url, 'hone_generated_tokens_total')
  return ((after - before) / (performance.now() - began)) * 1000
}

log('answers of hone infer …')
const cases = expected()
// Ended with this process, whatever ends it.
process.on('SIGTERM', () => process.exit(2)).on('exit', () => child.kill('SIGKILL'))
const child = Bun.spawn([...hone, 'serve', model, '--device', device, '--port', '0'], { stderr: 'pipe' })
const said = child.stderr.getReader()
let line = ''
while (!line.includes('\n')) line += new TextDecoder().decode((await said.read()).value)
const url = /http:\S+/.exec(line)![0]
try {
  log('one client …')
  const alone = await load(url, cases, 1, ALONE, 2)
  log(`${clients} clients …`)
  const memory: number[] = []
  const began = performance.now()
  const sample = setInterval(async () => memory.push(await metric(url, 'process_resident_memory_bytes')), 5000)
  const together = await load(url, cases, clients, seconds, 3)
  clearInterval(sample)
  const mib = (bytes: number | undefined) => Math.round((bytes ?? NaN) / 2 ** 20)
  // Of the first minute, or half of a shorter run: buffers grow to what the load needs.
  const settled = memory.slice(Math.min(12, Math.floor(memory.length / 2)))
  while ((await metric(url, 'hone_requests_running')) > 0) await Bun.sleep(10)
  child.kill('SIGTERM')
  const code = await child.exited
  const report = {
    model,
    clients,
    seconds: Math.round((performance.now() - began) / 1000),
    cores: availableParallelism(),
    ...counts,
    tokens_per_second: Math.round(together),
    alone_tokens_per_second: Math.round(alone),
    rss_mib: {
      settled: mib(settled[0]),
      least: mib(Math.min(...settled)),
      most: mib(Math.max(...settled)),
      last: mib(settled.at(-1)),
      by_half_minute: memory.filter((_, i) => i % 6 === 5).map(mib),
    },
    exit: code,
  }
  data(JSON.stringify(report))
  flush()
  faults.slice(0, 5).forEach(log)
  process.exitCode = counts.lost + counts.wrong > 0 || code !== 0 ? 1 : 0
} finally {
  child.kill('SIGKILL')
}
