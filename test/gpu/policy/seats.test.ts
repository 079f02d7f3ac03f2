// Sessions whose turns are written by the graph of a whole step write what others write, whatever comes and goes.
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '../../../src/gpu/device/device.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import type { DecodePortions } from '../../../src/gpu/device/portions.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import type { Sampling } from '../../../src/gpu/policy/law.ts'
import { openModel, type Model } from '../../../src/gpu/policy/model.ts'
import type { Completion, Session, Slot, SlotRequest } from '../../../src/gpu/policy/session.ts'
import { stream } from '../../../src/rng.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-seats-'))
afterAll(() => rmSync(root, { recursive: true }))
const device = await openDevice('cpu')
/** Small enough that rows wait for seats, that there are more of them from time to time, and that some turns are too long. */
const decode: DecodePortions = {
  types: ['f32'],
  tokens: 5,
  tokensBeside: 2,
  rows: { least: 2, perDoubling: 1 },
  mostRows: 8,
  places: { least: 24, perDoubling: 2 },
  bytes: 200 * 1024,
}
const folders = Object.keys(tinyFamilies).map((family) =>
  writeTinyModel(join(root, family), family as keyof typeof tinyFamilies),
)
const windowed = writeTinyModel(join(root, 'windowed'), 'qwen2')
const sliding = { use_sliding_window: true, max_window_layers: 1, sliding_window: 16 }
const config = join(windowed, 'config.json')
writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), ...sliding }))
const opened = [...folders, windowed].map((folder) => ({
  folder,
  ordinary: openModel(device, folder),
  seated: openModel(device, folder, { decode }),
}))
const [{ seated, folder: first }] = opened as [(typeof opened)[0]]
const free: Sampling = { temperature: 0.9, maxNewTokens: 8, eosIds: [] }

function someIds(seed: number, length: number): number[] {
  const next = stream(seed)
  return Array.from({ length }, () => Math.floor(next() * 64))
}

function expectSame(found: Completion, want: Completion): void {
  expect(found.ids).toEqual(want.ids)
  expect(found.finish).toBe(want.finish)
  want.logprobs.forEach((value, t) => expect(Math.abs(found.logprobs[t]! - value)).toBeLessThan(1e-4))
}

const laws: Partial<Sampling>[] = [
  {},
  { eosIds: [3, 9, 17, 21, 40, 41, 60], maxNewTokens: 20 },
  { temperature: 0 },
  { topK: 9 },
  { topP: 0.8 },
  { topK: 20, topP: 0.9, minP: 0.05, temperature: 1.4 },
  { temperature: 0, topK: 4 },
  { repetitionPenalty: 1.2 },
  { stop: (ids) => ids.length % 4 === 3 },
  { maxNewTokens: 70 },
]

/** What is done with one prompt, and what it writes on the way. */
const scripts = fc.record({
  // Few, so that some are the same and some begin alike.
  prompt: fc.record({ seed: fc.nat(2), length: fc.constantFrom(1, 2, 7, 30, 45) }),
  law: fc.nat(laws.length - 1),
  key: fc.nat(50),
  wait: fc.nat(3),
  then: fc.array(
    fc.oneof(
      fc.record({ does: fc.constant('extend' as const), given: fc.nat(9) }),
      fc.record({ does: fc.constant('fork' as const), given: fc.nat(3) }),
      fc.record({ does: fc.constant('release' as const), given: fc.nat(3) }),
    ),
    { maxLength: 3 },
  ),
})
type Script = typeof scripts extends fc.Arbitrary<infer T> ? T : never

const passes = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Every completion of a script that nobody broke off. */
async function play(session: Session, { prompt, law, key, wait, then }: Script): Promise<Completion[]> {
  await passes(wait)
  const sampling = { ...free, ...laws[law] }
  const slots: Slot[] = [session.submit({ ids: someIds(prompt.seed, prompt.length), sampling, key: [key] })]
  const found = [await slots[0]!.completion]
  for (const { does, given } of then) {
    const slot = slots.at(-1)!
    if (does === 'release') {
      // A fork that is broken off while it writes.
      const other = slot.fork([key, 1])
      other.extend(someIds(given, 4)).catch(() => {})
      await passes(given)
      other.release()
    } else {
      if (does === 'fork') slots.push(slot.fork([key, given]))
      found.push(await slots.at(-1)!.extend(someIds(given, given)))
    }
  }
  for (const slot of slots) slot.release()
  return found
}

test('any schedule of turns, of two sessions at once, writes what the ordinary step writes', async () => {
  let whole = 0
  await fc.assert(
    fc.asyncProperty(
      fc.nat(opened.length - 1),
      fc.array(scripts, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 60, max: 1500 }),
      fc.boolean(),
      async (n, some, budget, remember) => {
        const run = async (model: Model) => {
          const sessions = [model.open({ budget, remember }), model.open({ budget })]
          const found = await Promise.all(some.map((script, i) => play(sessions[i % 2]!, script)))
          for (const session of sessions) session.close()
          return { found, work: sessions.map((session) => session.work()) }
        }
        const { ordinary, seated } = opened[n]!
        const [want, got] = [await run(ordinary), await run(seated)]
        want.found.forEach((turns, n) => turns.forEach((turn, t) => expectSame(got.found[n]![t]!, turn)))
        whole += sum(got.work.map((work) => work.whole))
        expect(sum(want.work.map((work) => work.whole))).toBe(0)
      },
    ),
    { numRuns: 5 },
  )
  expect(whole).toBeGreaterThan(0)
}, 120_000)

test('what was written in a seat is not read again: of an extended slot, its fork, and a prompt that begins with it', async () => {
  const session = seated.open()
  const readBy = async (ask: () => Promise<unknown>) => {
    const before = session.work().read
    await ask()
    return session.work().read - before
  }
  const sampling = { ...free, maxNewTokens: 6 }
  const slot = session.submit({ ids: someIds(1, 40), sampling, key: [1] })
  // A prompt, and all that is written but the last token.
  expect(await readBy(() => slot.completion)).toBe(40 + 5)
  const fork = slot.fork([2])
  expect(await readBy(() => slot.extend(someIds(2, 10)))).toBe(1 + 10 + 5)
  // By now the token before the fork was read too.
  expect(await readBy(() => fork.extend(someIds(3, 10)))).toBe(10 + 5)
  const later = [...fork.ids, 1, 2, 3]
  slot.release()
  expect(await readBy(() => session.submit({ ids: later, sampling, key: [3] }).completion)).toBe(1 + 3 + 5)
  session.close()
})

test('what a turn asks beyond a temperature, cuts and ends keeps it out of the graph, and nothing else does', async () => {
  const wholeOf = async (law: Partial<Sampling>, more: Partial<SlotRequest> = {}) => {
    const session = seated.open()
    const { ids } = await session.submit({ ids: [1, 2, 3], sampling: { ...free, ...law }, key: [1], ...more })
      .completion
    session.close()
    return session.work().whole / ids.length
  }
  const inside: Partial<Sampling>[] = [
    { temperature: 0 },
    { topK: 3 },
    { topP: 0.9 },
    { minP: 0.1 },
    { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  ]
  for (const law of [...inside, { stop: () => false }, { eosIds: [1] }]) expect(await wholeOf(law)).toBe(1)
  const beyond: Partial<Sampling>[] = [{ repetitionPenalty: 1.1 }, { repetitionPenalty: 1.1, topK: 3 }]
  for (const law of [...beyond, { mask: () => undefined }, { maxNewTokens: 900, stop: () => true }])
    expect(await wholeOf(law)).toBe(0)
  expect(await wholeOf({}, { alternatives: 2, onToken: () => {} })).toBe(0)
})

test('room is made for all that is asked for at once, and stays for what comes later; all is given back at the end', async () => {
  const device = await openDevice('cpu')
  const compiled: string[] = []
  const live = new Set<Tensor>()
  const { alloc, free: release, compile } = device
  device.compile = (model, name, options) => {
    if (name.startsWith('token-')) compiled.push(name)
    return compile(model, name, options)
  }
  device.alloc = (dtype, shape) => {
    const tensor = alloc(dtype, shape)
    live.add(tensor)
    return tensor
  }
  device.free = (tensor) => {
    live.delete(tensor)
    release(tensor)
  }
  const model = openModel(device, first, { decode: { ...decode, bytes: 2 ** 22 } })
  for (const [prompts, length] of [
    [5, 8],
    [3, 11],
    [8, 4],
  ] as const) {
    const requests = Array.from({ length: prompts }, (_, n) => ({ prompt: someIds(n, length), samples: 1, key: [n] }))
    await generateAll(model, requests, free)
  }
  expect(compiled).toEqual(['token-8-24'])
  const caches = () => [...live].filter(({ shape }) => shape.length === 4).map(({ shape }) => shape)
  expect(caches()).toEqual(Array.from({ length: 2 * model.config.layers }, () => [8, 1, 24, 16]))
  model.free()
  expect(caches()).toEqual([])
  expect(live.size).toBe(0)
})

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)
