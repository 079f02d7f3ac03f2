// What goes through the engine together: every completion once, and what begins alike in one pass.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { portions } from '../../src/gpu/device/portions.ts'
import { packRollouts } from '../../src/rl/pack.ts'
import type { Rollout, Sampled } from '../../src/rl/record.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { toyPrompts } from './toy.ts'

const { lengths } = portions.cpu
const count = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
const written = (ids: number[], promptIds?: number[]): Sampled => ({
  ...ownWords({ ids, logprobs: new Float32Array(ids.length), finish: 'eos' }),
  ...(promptIds && { promptIds }),
})
const rolloutOf = (ids: number[], completions: Sampled[]): Rollout => ({
  prompt: { ...toyPrompts(1, 4)[0]!, ids },
  completions,
})

/** A conversation of eight turns, each of which asks with all that was said before. */
function conversation(start: number): Rollout {
  const all = count(start, 8 * 60)
  const turns = count(0, 8).map((turn) =>
    written(all.slice(turn * 60 + 40, (turn + 1) * 60), all.slice(0, turn * 60 + 40)),
  )
  return rolloutOf(all.slice(0, 40), turns)
}

test('sequences of an agent that repeat their history go through together', () => {
  const packs = packRollouts([conversation(0)], 512, { lengths })
  expect(packs.length).toBe(1)
  expect(packs[0]!.groups.map(({ prompt }) => prompt.length)).toEqual(count(0, 8).map((turn) => turn * 60 + 40))
})

test('trees fill a pass up to the limit', () => {
  const conversations = count(0, 6).map((i) => conversation(1000 * i))
  expect(packRollouts(conversations, 1024, { lengths }).map(({ groups }) => groups.length / 8)).toEqual([2, 2, 2])
})

test('completions that share their prompt alone go through as groups of like size', () => {
  const plain = count(0, 4).map((i) =>
    rolloutOf(
      count(1000 * i, 50),
      count(0, 3).map((g) => written(count(100 * i + 10 * g, 30))),
    ),
  )
  expect(packRollouts(plain, 320, { lengths }).map(({ items }) => items.length)).toEqual([2, 2])
})

test('every completion goes through once, with the prompt that it continues', () => {
  const completion = fc.record({
    ids: fc.array(fc.nat(2), { minLength: 1, maxLength: 60 }),
    own: fc.boolean(),
    prompt: fc.array(fc.nat(1), { minLength: 1, maxLength: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(fc.array(completion, { minLength: 1, maxLength: 8 }), { maxLength: 4 }),
      fc.integer({ min: 8, max: 300 }),
      (groups, limit) => {
        const rollouts = groups.map((group, i) =>
          rolloutOf(
            [i, 1],
            group.map(({ ids, own, prompt }) => written(ids, own ? prompt : undefined)),
          ),
        )
        const found = packRollouts(rollouts, limit, { lengths }).flatMap(({ items, groups: engine }) =>
          items.flatMap(({ completions }, g) =>
            completions.map((each, s) => {
              expect(engine[g]!.completions[s]).toBe(each.ids)
              return [each, engine[g]!.prompt] as const
            }),
          ),
        )
        const all = rollouts.flatMap(({ prompt, completions }) =>
          completions.map((each) => [each, each.promptIds ?? prompt.ids] as const),
        )
        expect(found.length).toBe(all.length)
        for (const [each, prompt] of all) expect(found.find(([other]) => other === each)?.[1]).toEqual(prompt)
      },
    ),
    { numRuns: 60 },
  )
})
