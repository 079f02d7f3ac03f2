// What must hold of a generation session whatever runs beside a slot: its tokens depend on its key and on what stands before them.
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '../../../src/gpu/device/device.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generate, generateAll } from '../../../src/gpu/policy/generate.ts'
import type { Sampling } from '../../../src/gpu/policy/law.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Completion, Session, SlotRequest } from '../../../src/gpu/policy/session.ts'
import { shuffle, stream } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-session-'))
afterAll(() => rmSync(root, { recursive: true }))
const device = await openDevice('cpu')
const model = openModel(device, writeTinyModel(join(root, 'model'), 'qwen3'))
const free: Sampling = { temperature: 0.9, maxNewTokens: 6, eosIds: [] }

function someIds(seed: number, length: number): number[] {
  const next = stream(seed)
  return Array.from({ length }, () => Math.floor(next() * 64))
}
/** What a slot writes in a session of its own. */
const alone = (request: SlotRequest): Promise<Completion> => model.open().submit(request).completion

function expectSame(found: Completion, want: Completion): void {
  expect(found.ids).toEqual(want.ids)
  expect(found.finish).toBe(want.finish)
  want.logprobs.forEach((value, t) => expect(Math.abs(found.logprobs[t]! - value)).toBeLessThan(1e-4))
}

test('a slot that is extended writes what the longer prompt, submitted anew, would make it write', async () => {
  const session = model.open()
  const [prompt, given, key] = [someIds(1, 9), someIds(2, 5), [4, 2]]
  const slot = session.submit({ ids: prompt, sampling: free, key })
  const first = await slot.completion
  expect(slot.ids).toEqual([...prompt, ...first.ids])
  const second = await slot.extend(given)
  const longer = [...prompt, ...first.ids, ...given]
  expectSame(second, await alone({ ids: longer, sampling: free, key, origin: prompt.length }))
  expect(slot.ids).toEqual([...longer, ...second.ids])
})

test('a slot that ran out of tokens goes on as if it had had more of them', async () => {
  for (const law of [free, { ...free, temperature: 0 }, { ...free, repetitionPenalty: 1.3, topK: 8 }]) {
    const request = { ids: someIds(3, 7), sampling: law, key: [1] }
    const whole = await alone({ ...request, sampling: { ...law, maxNewTokens: 12 } })
    const slot = model.open().submit(request)
    const parts = [await slot.completion, await slot.extend([])]
    expect(parts.flatMap(({ ids }) => ids)).toEqual(whole.ids)
  }
})

test('a fork goes on identically with the same key, elsewhere with another one, and leaves the first as it was', async () => {
  const session = model.open()
  const slot = session.submit({ ids: someIds(4, 12), sampling: free, key: [7] })
  await slot.completion
  const [same, other] = [slot.fork(), slot.fork([8])]
  expect(same.ids).toEqual(slot.ids)
  expect(await same.completion).toEqual(await slot.completion)
  const given = someIds(5, 3)
  const [a, b, c] = await Promise.all([slot.extend(given), same.extend(given), other.extend(given)])
  expectSame(b, a)
  expect(c.ids).not.toEqual(a.ids)
})

test('a slot can be extended and forked only at rest', async () => {
  const slot = model.open().submit({ ids: [1, 2], sampling: free, key: [1] })
  expect(() => slot.extend([3])).toThrow('still writing')
  expect(() => slot.fork()).toThrow('still writing')
  await slot.completion
})

test('a released slot and a closed session say so to who waits, and disturb nobody else', async () => {
  const session = model.open()
  const [kept, dropped, late] = [1, 2, 3].map((n) =>
    session.submit({ ids: someIds(n, 8), sampling: { ...free, maxNewTokens: 40 }, key: [n] }),
  )
  dropped!.release()
  setTimeout(() => late!.release(), 3)
  expect(dropped!.completion).rejects.toThrow('released')
  const want = await alone({ ids: someIds(1, 8), sampling: { ...free, maxNewTokens: 40 }, key: [1] })
  expectSame(await kept!.completion, want)
  const open = session.submit({ ids: [1], sampling: free, key: [1] })
  session.close()
  await expect(open.completion).rejects.toThrow('closed')
})

test('what waits for room gets it where those before it are released, also while their prompt is read', async () => {
  const session = model.open({ budget: 40 })
  const first = [1, 2].map((n) => session.submit({ ids: someIds(7, 25), sampling: free, key: [n] }))
  const waiting = session.submit({ ids: someIds(8, 30), sampling: free, key: [3] })
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  for (const slot of first) slot.release()
  expectSame(await waiting.completion, await alone({ ids: someIds(8, 30), sampling: free, key: [3] }))
})

test('every token is told as it is written, with its log-prob, also after an extension', async () => {
  const told: [number, number][] = []
  const onToken = (id: number, logprob: number) => void told.push([id, logprob])
  const slot = model.open().submit({ ids: someIds(6, 9), sampling: free, key: [3], onToken })
  const first = await slot.completion
  const quiet = slot.fork()
  const second = await slot.extend([5])
  await quiet.extend([7])
  expect(told.map(([id]) => id)).toEqual([...first.ids, ...second.ids])
  expect(Float32Array.from(told, ([, logprob]) => logprob)).toEqual(
    Float32Array.from([...first.logprobs, ...second.logprobs]),
  )
})

test('a mask of what was written so far is kept to, greedy and sampled, and its distribution is what log-probs are of', async () => {
  // Even ids after even ones, odd after odd; the first is free.
  const masks = [0x55555555, 0xaaaaaaaa].map((word) => new Uint32Array(2).fill(word))
  const mask = (ids: readonly number[]) => (ids.length === 0 ? undefined : masks[ids.at(-1)! % 2])
  for (const law of [{ temperature: 0 }, { temperature: 1.5 }, { temperature: 1.5, topK: 4, repetitionPenalty: 1.4 }])
    for (const seed of [1, 2, 3]) {
      const { ids } = await alone({ ids: someIds(seed, 5), sampling: { ...free, ...law, mask }, key: [seed] })
      expect(new Set(ids.map((id) => id % 2)).size).toBe(1)
    }
  const only = (ids: readonly number[]) => Uint32Array.of(1 << (ids.length + 3), 0)
  const forced = await alone({ ids: [1, 2], sampling: { ...free, mask: only }, key: [1] })
  expect(forced.ids).toEqual([3, 4, 5, 6, 7, 8])
  expect([...forced.logprobs]).toEqual([0, 0, 0, 0, 0, 0])
})

test('slots of different laws and lengths run in one session', async () => {
  const session = model.open()
  const requests = [
    { temperature: 0 },
    { temperature: 1.3 },
    { temperature: 1.3, topP: 0.6 },
    { temperature: 0.9, repetitionPenalty: 1.5 },
    { temperature: 0.9, maxNewTokens: 1 },
    { temperature: 0.9, maxNewTokens: 0 },
  ].map((law, n) => ({ ids: someIds(n, 3 + 5 * n), sampling: { ...free, ...law }, key: [n] }))
  const slots = requests.map((request) => session.submit(request))
  for (const [n, request] of requests.entries()) expectSame(await slots[n]!.completion, await alone(request))
})

/** Of how many tokens the keys and values were computed while `ask` went on. */
async function readBy(session: Session, ask: () => Promise<unknown>): Promise<number> {
  const before = session.work().read
  await ask()
  return session.work().read - before
}

test('what was read once is not read again: of samples, of prompts that begin alike, of a conversation, of an extended slot', async () => {
  const session = model.open({ drafts: 'off' })
  const common = someIds(1, 100)
  const ask = (ids: readonly number[], key: readonly number[]) =>
    session.submit({ ids, sampling: { ...free, maxNewTokens: 2 }, key })
  const together = [0, 1, 2].map((n) => [...common, ...someIds(n + 2, 20)])
  // The first reads 120 tokens, the others 20 each, and each writes a token that the next one is drawn from.
  const asked = () => Promise.all(together.map((ids, n) => ask(ids, [n]).completion))
  expect(await readBy(session, asked)).toBe(120 + 20 + 20 + 3)
  const samples = () => Promise.all([0, 1, 2, 3].map((n) => ask(someIds(9, 50), [n]).completion))
  expect(await readBy(session, samples)).toBe(49 + 4 * 2)
  const [slot] = [ask([...common, ...someIds(2, 20), 5], [7])]
  const first = await slot!.completion
  // What was written, but for its last token, was read: that one and the given tokens are, and what is written then.
  expect(await readBy(session, () => slot!.extend(someIds(3, 30)))).toBe(1 + 30 + 1)
  slot!.release()
  const said = [...common, ...someIds(2, 20), 5, ...first.ids, ...someIds(3, 30)]
  expect(await readBy(session, () => ask([...said, 1, 2, 3], [8]).completion)).toBe(3 + 1)
})

test('a prompt is read in pieces as large as the device takes them', async () => {
  const request = { ids: someIds(2, 100), sampling: { ...free, maxNewTokens: 1 }, key: [1] }
  const { portions } = device
  for (const [most, passes] of [
    [256, 1],
    [64, 2],
    [32, 4],
  ] as const) {
    const other = { ...device, portions: { ...portions, read: { ...portions.read, most } } }
    const session = openModel(other, join(root, 'model')).open()
    expectSame(await session.submit(request).completion, await alone(request))
    expect(session.work().passes).toBe(passes)
  }
})

test('little of the work on sequences of very different lengths is for nobody', async () => {
  const session = model.open({ drafts: 'off' })
  const next = stream(5)
  const length = () => Math.round(8 * 32 ** next())
  await Promise.all(
    Array.from({ length: 24 }, async (_, n) => {
      const sampling = { ...free, maxNewTokens: length() }
      const slot = session.submit({ ids: someIds(n, length()), sampling, key: [n] })
      await slot.completion
      if (n % 3 === 0)
        for (const more of [1, 2])
          await slot.extend(someIds(n + more, length()), { ...sampling, maxNewTokens: length() })
      slot.release()
    }),
  )
  expect(session.work().wasted).toBeGreaterThan(0)
  expect(session.work().wasted).toBeLessThan(0.1)
}, 120_000)

test('requests are read on as far as the budget reaches, and answered in order', async () => {
  let read = 0
  function* requests() {
    for (; read < 9; read++) yield { prompt: someIds(read, 4 + (read % 3)), samples: 2, key: [read], read }
  }
  const lead: number[] = []
  for await (const { request, completions } of generate(model, requests(), free, { budget: 40 })) {
    expect(completions.length).toBe(2)
    lead.push(read - request.read)
  }
  expect(lead.length).toBe(9)
  // Two requests of 4 to 6 + 2 · 6 tokens fit; a third is read before that is known.
  expect(Math.max(...lead)).toBe(2)
})

test('rows and groups that end leave those that stay as they were', async () => {
  const sampling = { ...free, eosIds: [3, 9, 17, 40], maxNewTokens: 40 }
  for (const [prompts, samples] of [
    [18, 1],
    [5, 4],
  ] as const) {
    const requests = Array.from({ length: prompts }, (_, n) => ({ prompt: someIds(n, 2 + (n % 7)), samples, key: [n] }))
    const together = await generateAll(model, requests, sampling)
    const ends = together.flat().map(({ ids }) => ids.length)
    expect(ends.filter((length) => length > 20).length).toBeLessThan(ends.length / 2)
    for (const [n, request] of requests.entries()) {
      const [own] = await generateAll(model, [request], sampling)
      own!.forEach((completion, i) => expectSame(together[n]![i]!, completion))
    }
  }
})

test('ids do not depend on the schedule: any order, company, budget, cut into turns, and rows that end early', async () => {
  const eos = { ...free, eosIds: [3, 9, 17, 21, 40, 41, 60], maxNewTokens: 24 }
  const laws: Sampling[] = [
    eos,
    { ...eos, temperature: 0 },
    { ...eos, topK: 9, minP: 0.01 },
    { ...eos, repetitionPenalty: 1.2 },
  ]
  // Some share their prompt, so that they are groups.
  const jobs = Array.from({ length: 32 }, (_, n) => ({
    ids: someIds(Math.floor(n / 2), 1 + (((n >> 1) * 11) % 37)),
    law: laws[n % 7 === 0 ? 3 : n % 3]!,
    given: n % 3 === 0 ? [someIds(n, 4), someIds(n + 50, 1)] : n % 3 === 1 ? [someIds(n, 7)] : [],
    key: [6, n],
  }))
  type Job = (typeof jobs)[number]
  /** All turns of a job, each of its turns in so many pieces. */
  const run = async (session: Session, { ids, law, given, key }: Job, piece: number): Promise<number[][]> => {
    const cut = { ...law, maxNewTokens: piece }
    const slot = session.submit({ ids, sampling: cut, key })
    const turns: number[][] = []
    for (const more of [...given, undefined]) {
      let part = await slot.completion
      const turn = [...part.ids]
      while (part.finish === 'length' && turn.length < law.maxNewTokens) {
        const left = Math.min(piece, law.maxNewTokens - turn.length)
        part = await slot.extend([], { ...cut, maxNewTokens: left })
        turn.push(...part.ids)
      }
      turns.push(turn)
      if (more) slot.extend(more, cut)
    }
    return turns
  }
  const want: number[][][] = []
  for (const job of jobs) want.push(await run(model.open(), job, 24))
  expect(new Set(want.map((turns) => turns.flat().length)).size).toBeGreaterThan(4)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(1000),
      fc.integer({ min: 1, max: 4000 }),
      fc.constantFrom(5, 13, 24),
      fc.integer({ min: 1, max: 32 }),
      async (seed, budget, piece, count) => {
        const session = model.open({ budget })
        const chosen = shuffle([...jobs.keys()], seed).slice(0, count)
        const found = await Promise.all(chosen.map((n) => run(session, jobs[n]!, piece)))
        expect(found).toEqual(chosen.map((n) => want[n]!))
      },
    ),
    { numRuns: 4 },
  )
}, 60_000)

test('sequences that are laid out anew lie in two places only while they move, and stay where nothing comes beside them', async () => {
  const opened = await openDevice('cpu')
  // Few lie together, so that there are many layings.
  const read = { ...opened.portions.read, keys: 2 ** 14 }
  const device = { ...opened, portions: { ...opened.portions, read } }
  const { alloc, copy, free: release } = device
  const live = new Set<Tensor>()
  const entriesOf = (tensors: Iterable<Tensor>) =>
    [...tensors].reduce((sum, { shape: [capacity = 0, lanes = 0] }) => sum + capacity * lanes, 0)
  let most = 0
  device.alloc = (dtype, shape) => {
    const tensor = alloc(dtype, shape)
    if (shape.length === 4) live.add(tensor)
    most = Math.max(most, entriesOf(live))
    return tensor
  }
  device.free = (tensor) => {
    live.delete(tensor)
    release(tensor)
  }
  let moved = 0
  device.copy = (from, to, stretches) => {
    if (live.has(from) && live.has(to)) moved += stretches.width * stretches.count
    copy(from, to, stretches)
  }
  const other = openModel(device, join(root, 'model'))
  const { layers, kvHeads, headDim } = other.config
  const lengths = Array.from({ length: 60 }, (_, i) => 2 + ((37 * i) % 60))
  const session = other.open({ budget: 5000 })
  await Promise.all(
    lengths.map((length, i) => {
      const sampling = { ...free, maxNewTokens: 2 + ((29 * i) % 40) }
      return session.submit({ ids: someIds(i, length), key: [i], sampling }).completion
    }),
  )
  const needed = lengths.reduce((sum, length, i) => sum + length + 1 + ((29 * i) % 40), 0)
  expect(most / (2 * layers) / needed).toBeLessThan(1.5)
  // Room that grows moves an entry about once, ends of others beside it once or twice.
  expect(moved / (2 * layers * kvHeads * headDim) / needed).toBeLessThan(3)
  session.close()
  other.free()
})

test('whatever comes and goes, a session holds no more than its budget and gives everything back', async () => {
  const device = await openDevice('cpu')
  const live = new Set<Tensor>()
  const { alloc, free: release } = device
  device.alloc = (dtype, shape) => {
    const tensor = alloc(dtype, shape)
    live.add(tensor)
    return tensor
  }
  device.free = (tensor) => {
    live.delete(tensor)
    release(tensor)
  }
  const other = openModel(device, join(root, 'model'))
  const next = stream(31)
  const pick = (most: number) => 1 + Math.floor(next() * most)
  const ask = async (session: Session) => {
    for (let i = 0; i < 6; i++) {
      const slot = session.submit({
        ids: someIds(pick(6), 20 + 20 * pick(3)),
        key: [pick(100)],
        sampling: { ...free, maxNewTokens: pick(12) },
      })
      if (next() < 0.2) setTimeout(slot.release, pick(4))
      await slot.completion.catch(() => {})
      slot.release()
    }
  }
  const session = other.open({ budget: 2000 })
  await Promise.all(Array.from({ length: 16 }, () => ask(session)))
  const held = [...live].filter(({ shape }) => shape.length === 4)
  const tokens = held.reduce((sum, { shape: [capacity = 0, lanes = 0] }) => sum + capacity * lanes, 0)
  expect(tokens / (2 * other.config.layers)).toBeLessThanOrEqual(2000)
  session.close()
  expect([...live].filter(({ shape }) => shape.length === 4)).toEqual([])
  other.free()
})
