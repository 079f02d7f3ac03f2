// What must hold of guesses: they change how many passes a sequence takes, and nothing of what it is.
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { loadOf, loadsOf } from '../../../src/gpu/device/portions.ts'
import { draftOf, newTrusts, worthwhile } from '../../../src/gpu/policy/draft.ts'
import type { Sampling } from '../../../src/gpu/policy/law.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Completion, Drafts, SlotRequest, Work } from '../../../src/gpu/policy/session.ts'
import type { Turn } from '../../../src/gpu/policy/slot.ts'
import { stream } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-draft-'))
afterAll(() => rmSync(root, { recursive: true }))
const model = openModel(await openDevice('cpu'), writeTinyModel(join(root, 'model'), 'qwen3'))

function someIds(seed: number, length: number, of = 64): number[] {
  const next = stream(seed)
  return Array.from({ length }, () => Math.floor(next() * of))
}

/** All of them in one session, and once more after some given ids where there are any. */
async function writeAll(
  drafts: Drafts,
  requests: readonly SlotRequest[],
  given: readonly number[] = [],
): Promise<{ written: Completion[]; work: Work }> {
  const session = model.open({ drafts })
  const slots = requests.map((request) => session.submit(request))
  const first = await Promise.all(slots.map(({ completion }) => completion))
  const second = given.length > 0 ? await Promise.all(slots.map((slot) => slot.extend(given))) : []
  const work = session.work()
  session.close()
  return { written: [...first, ...second], work }
}

function expectSame(found: readonly Completion[], want: readonly Completion[]): void {
  expect(found.map(({ ids, finish }) => ({ ids, finish }))).toEqual(want.map(({ ids, finish }) => ({ ids, finish })))
  want.forEach(({ logprobs }, i) =>
    logprobs.forEach((value, t) => expect(Math.abs(found[i]!.logprobs[t]! - value)).toBeLessThan(1e-4)),
  )
}

const laws = fc.record({
  temperature: fc.constantFrom(0, 0.3, 1),
  topK: fc.constantFrom(0, 1, 3),
  topP: fc.constantFrom(1, 0.4),
  minP: fc.constantFrom(0, 0.2),
  repetitionPenalty: fc.constantFrom(1, 1.2),
})

test('what is written is the same with drafts and without, by any law, whatever was guessed', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ law: laws, seed: fc.nat(30), ends: fc.boolean() }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('right', 'late', 'other', 'none'),
      async (rows, guessed) => {
        const requests = rows.map(({ law, seed, ends }, n): SlotRequest => {
          const sampling: Sampling = { ...law, maxNewTokens: 20, eosIds: ends ? [3, 9, 17] : [] }
          // Few different ids, so that n-grams come again.
          return { ids: someIds(seed, 4 + (seed % 23), 6), sampling, key: [seed, n] }
        })
        const plain = await writeAll('off', requests, [5, 6])
        expect(plain.work.guessed).toBe(0)
        const earlier = (n: number) => {
          const { ids } = plain.written[n]!
          if (guessed === 'none') return undefined
          if (guessed === 'other') return someIds(n + 100, 20)
          return guessed === 'right' ? ids : [...ids.slice(0, 5), 63, ...ids.slice(5)]
        }
        const told = requests.map((request, n) => {
          const guess = earlier(n)
          return guess ? { ...request, earlier: guess } : request
        })
        const drafted = await writeAll('auto', told, [5, 6])
        expectSame(drafted.written, plain.written)
        expect(drafted.work.written).toBe(plain.work.written)
        accepted += drafted.work.accepted
        // Of an answer that ends at once there is nothing to be gained.
        const longest = Math.max(...requests.map((_, n) => plain.written[n]!.ids.length))
        if (guessed === 'right' && longest > 5) expect(drafted.work.passes).toBeLessThan(plain.work.passes)
      },
    ),
    { numRuns: 12 },
  )
  // How many is a matter of what was drawn.
  expect(accepted).toBeGreaterThan(0)
}, 120_000)

test('where a grammar leaves one way, it is written in one pass', async () => {
  const way = someIds(1, 12)
  const mask = (ids: readonly number[]) => {
    const only = way[ids.length]!
    return Uint32Array.from([0, 1], (_, word) => (only >>> 5 === word ? 1 << (only & 31) : 0))
  }
  const forced = (ids: readonly number[]) => way.slice(ids.length)
  const sampling: Sampling = { temperature: 1, maxNewTokens: 12, eosIds: [], mask, forced }
  const { written, work } = await writeAll('auto', [{ ids: [1, 2, 3], sampling, key: [1] }])
  expect(written[0]!.ids).toEqual(way)
  expect([...written[0]!.logprobs]).toEqual(way.map(() => 0))
  // One pass reads all of the prompt but guesses nothing.
  expect(work.passes).toBe(2)
})

const turnOf = (request: Partial<Turn>): Turn => ({
  ids: [],
  origin: 0,
  sampling: { temperature: 1, maxNewTokens: 100, eosIds: [] },
  key: [],
  alternatives: 0,
  over: false,
  released: false,
  end() {},
  fail() {},
  ...request,
})

test('the answer of before is followed from its beginning, and again where its words come again', () => {
  const [tokens, own]: [number[], number[]] = [[1, 2], []]
  const turn = turnOf({ ids: [1, 2], origin: 2, earlier: [10, 11, 12, 13, 14, 15, 16] })
  const draft = draftOf(turn, { tokens, own }, newTrusts())
  const come = (id: number) => {
    tokens.push(id)
    own.push(id)
    draft.learn(id)
  }
  expect(draft.guess(3).ids).toEqual([10, 11, 12])
  come(10)
  expect(draft.guess(2).ids).toEqual([11, 12])
  come(50)
  expect(draft.guess(2).ids).toEqual([])
  come(13)
  come(14)
  expect(draft.guess(2).ids).toEqual([15, 16])
})

test('of its own words the longest time that they stood there last is followed', () => {
  const tokens = [1, 2, 3, 4, 5, 9, 1, 2, 3, 6, 7, 8, 1, 2, 3]
  const draft = draftOf(turnOf({ ids: tokens, origin: tokens.length }), { tokens, own: [] }, newTrusts())
  expect(draft.guess(2).ids).toEqual([6, 7])
})

test('a text that leads on wrongly is trusted less and less, by all sequences of a session', () => {
  const tokens = [1, 2, 3, 1, 2, 3]
  const trusts = newTrusts()
  const draft = () => draftOf(turnOf({ ids: tokens, origin: tokens.length }), { tokens, own: [] }, trusts)
  const before = draft().guess(8).chance
  expect(before).toBeGreaterThan(0.5)
  for (let i = 0; i < 30; i++) {
    const each = draft()
    each.guess(8)
    each.learn(60)
  }
  expect(draft().guess(8).chance).toBeLessThan(0.1)
})

test('as many guesses are read as bring most tokens for what the pass takes', () => {
  const guess = (length: number, chance: number) => ({ ids: Array.from({ length }, (_, i) => i), chance })
  const { wide, narrow } = loadsOf
  expect(worthwhile([guess(16, 0.9)], 1, wide)).toEqual([15])
  // Where eight take nearly as long as sixteen, and one alone half as long.
  expect(worthwhile([guess(16, 0.9)], 1, narrow)).toEqual([15])
  expect(worthwhile([guess(16, 0.7)], 1, narrow)).toEqual([7])
  expect(worthwhile([guess(16, 0.2)], 1, narrow)).toEqual([0])
  // Eight sequences leave eight places of sixteen, of which every further one of a sequence makes all attend longer.
  const eight = (length: number, chance: number) => Array.from({ length: 8 }, () => guess(length, chance))
  expect(worthwhile(eight(4, 0.6), 8, wide)).toEqual(new Array(8).fill(1))
  expect(worthwhile(eight(4, 0.05), 8, wide)).toEqual(new Array(8).fill(0))
  // The last of sixteen places is taken: only good guesses pay for sixteen more.
  const sixteen = (chance: number) => Array.from({ length: 16 }, () => guess(1, chance))
  expect(worthwhile(sixteen(0.3), 16, wide)).toEqual(new Array(16).fill(0))
  expect(worthwhile(sixteen(0.95), 16, wide)).toEqual(new Array(16).fill(1))
})

test('the linear maps of more tokens than a load take as many loads, and a last one', () => {
  expect([1, 2, 8, 9, 16, 17, 24, 48].map((tokens) => loadOf(tokens, loadsOf.narrow))).toEqual([
    6, 12, 12, 16, 16, 22, 28, 48,
  ])
})
