// A model and its copies, asked over messages: gradients, updates and ids are those of one model that does it all.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT, HoneError } from '../../../src/error.ts'
import { policyOver, scorerOver } from '../../../src/gpu/crew/crew.ts'
import { createExchange, SLOTS } from '../../../src/gpu/crew/exchange.ts'
import { answer, type Asking, askingOver } from '../../../src/gpu/crew/link.ts'
import { replicaOf } from '../../../src/gpu/crew/replica.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { type Model, openModel } from '../../../src/gpu/policy/model.ts'
import type { Group, PerToken, Policy, Trainable } from '../../../src/gpu/policy/policy.ts'
import type { ModelOptions } from '../../../src/gpu/policy/trainable.ts'
import { openScorer, type ScorerModel } from '../../../src/gpu/policy/scorer.ts'
import type { Stretches } from '../../../src/gpu/policy/stretches.ts'
import { uniform } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-crew-'))
const device = await openDevice('cpu', { threads: 1 })
const folder = writeTinyModel(join(root, 'model'), 'qwen2')
const exchange = createExchange(3)
afterAll(() => {
  exchange.close()
  rmSync(root, { recursive: true })
})

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 }
const idsOf = (from: number, count: number) => Array.from({ length: count }, (_, i) => (7 * from + 5 * i + i * i) % 64)
const batches: Group[][] = Array.from({ length: 5 }, (_, n) => [
  { prompt: idsOf(n, 5), completions: [idsOf(n + 1, 3), idsOf(n + 2, 5)] },
])
/** Slopes of a loss that is another one for every token. */
const slopesOf = (found: PerToken): PerToken =>
  found.map((group) => group.map((row) => row.map((_, t) => uniform(t, row.length) - 0.3)))

/** A copy that is asked as one in another process is: by messages, which are copied on the way. */
function copied(model: Model | ScorerModel, place: number): Asking {
  const replica = replicaOf(model, exchange, place)
  const asking = askingOver((calls) => {
    const message = structuredClone(calls)
    setImmediate(() => answer({ policy: replica }, message, (each) => asking.answered(structuredClone(each))))
  })
  return asking
}
function crew(options: ModelOptions, devices = 2) {
  const [own, ...copies] = Array.from({ length: devices }, () => openModel(device, folder, options))
  const others = copies.map((model, k) => copied(model, k + 1))
  const policy = policyOver({ own: own!, others: others.map((each) => each.remote('policy')), exchange })
  return { policy, models: [own!, ...copies], others }
}

/** Two passes a time and the update that follows. */
async function learn(policy: Policy, passes: readonly Group[][]) {
  const found: number[][] = []
  await Promise.all(
    passes.map((groups) =>
      policy.accumulate(groups, { temperature: 1, entropy: true }, ({ logprobs, entropies }) => {
        found.push(logprobs.flat().flatMap((row) => [...row]))
        return { logprobs: slopesOf(logprobs), entropies: slopesOf(entropies!) }
      }),
    ),
  )
  const { gradNorm } = await policy.update(adamw)
  return { found, gradNorm }
}
const valuesOf = (model: Trainable) => model.state().tensors.map(({ value }) => value.slice())
function near(found: readonly Float32Array[], wanted: readonly Float32Array[], bound = 2e-5): void {
  const apart = found.flatMap((values, i) => Array.from(values, (value, j) => Math.abs(value - wanted[i]![j]!)))
  expect(apart.reduce((most, each) => Math.max(most, each))).toBeLessThan(bound)
}

test.each([{ kind: 'full' }, { kind: 'lora', rank: 2, alpha: 4, targets: ['q', 'up'], seed: 3 }] as const)(
  'updates of three devices are those of one, and leave every copy with the same bits: $kind',
  async (training) => {
    const one = openModel(device, folder, { training })
    const { policy, models } = crew({ training }, 3)
    for (const passes of [batches.slice(0, 3), batches.slice(3, 5), batches]) {
      const [alone, together] = [await learn(one, passes), await learn(policy, passes)]
      expect(together.gradNorm).toBeCloseTo(alone.gradNorm, 4)
      // Losses are asked for in the order of the passes.
      together.found.forEach((values, i) =>
        values.forEach((value, t) => expect(value).toBeCloseTo(alone.found[i]![t]!, 4)),
      )
    }
    near(valuesOf(policy), valuesOf(one))
    for (const copy of models.slice(1)) expect(valuesOf(copy)).toEqual(valuesOf(policy))
    const state = structuredClone({ ...one.state(), tensors: one.state().tensors.map((each) => ({ ...each })) })
    await policy.restore(state)
    for (const model of models) expect(valuesOf(model)).toEqual(valuesOf(one))
  },
)

/** Something trained whose i-th stretch is two numbers; a pass adds `slope` to all gradients, an update subtracts them. */
function stretched(count: number, slope: number) {
  const values = Array.from({ length: count }, (_, i) => Float32Array.of(i, -i))
  const gradients = values.map(() => new Float32Array(2))
  const add = (to: Float32Array, from: ArrayLike<number>) => to.forEach((value, i) => (to[i] = value + from[i]!))
  const stretches: Stretches = {
    count,
    size: () => 2,
    takeGradient: (i) => gradients.splice(i, 1, new Float32Array(2))[0]!,
    addGradient: (i, gradient) => add(gradients[i]!, gradient),
    values: (i) => values[i]!,
    setValues: (i, given) => values[i]!.set(given),
  }
  const model = {
    stretches: () => stretches,
    pass: () => ({ results: {}, backward: () => gradients.forEach((each, i) => add(each, [slope, i])) }),
    update() {
      gradients.forEach((each, i) =>
        add(
          values[i]!,
          each.map((value) => -value),
        ),
      )
      return { gradNorm: 1 }
    },
    refresh() {},
    state: () => ({ updates: 0, tensors: [] }),
  }
  return { values, model: model as unknown as Model }
}

test('what is more than can be passed on at once arrives whole', async () => {
  const count = 2 * SLOTS + 3
  const [own, copy] = [stretched(count, 1), stretched(count, 10)]
  const policy = policyOver({ own: own.model, others: [copied(copy.model, 1).remote('policy')], exchange })
  const pass = () => policy.accumulate([], { temperature: 1 }, () => ({ logprobs: [] }))
  await Promise.all([pass(), pass()])
  await policy.update(adamw)
  const wanted = Array.from({ length: count }, (_, i) => Float32Array.of(i - 11, -3 * i))
  expect(own.values).toEqual(wanted)
  expect(copy.values).toEqual(wanted)
})

test('a scorer learns alike, and forgets what its copies have accumulated', async () => {
  const classifier = writeTinyModel(join(root, 'scorer'), 'qwen2', 'ForSequenceClassification')
  const [one, own, copy] = [0, 1, 2].map(() => openScorer(device, classifier, { training: { kind: 'full' } }))
  const others = [copied(copy!, 1).remote('policy')]
  const scorer = scorerOver({ own: own!, others, exchange })
  await Promise.all(batches.slice(0, 2).map((groups) => scorer.accumulate(groups, slopesOf)))
  scorer.clearGradients()
  await Promise.all(batches.slice(2).map((groups) => scorer.accumulate(groups, slopesOf)))
  for (const groups of batches.slice(2)) one!.accumulate(groups, slopesOf)
  expect((await scorer.update(adamw)).gradNorm).toBeCloseTo(one!.update(adamw).gradNorm, 4)
  near(valuesOf(scorer), valuesOf(one!))
  const [found, wanted] = [await scorer.values(batches[0]!), one!.values(batches[0]!)]
  near(found[0]!, wanted[0]!, 1e-4)
})

test('a gradient of a copy that is no number is found', async () => {
  const { policy } = crew({ training: { kind: 'full' } })
  await Promise.all(
    batches.slice(0, 2).map((groups, k) =>
      policy.accumulate(groups, { temperature: 1 }, ({ logprobs }) => ({
        logprobs: logprobs.map((group) => group.map((row) => row.map(() => (k === 1 ? NaN : 1)))),
      })),
    ),
  )
  expect(await policy.unsoundGradient()).toBeString()
})

test('what is generated on several devices is what one generates: prompts, samples, extensions and stop functions', async () => {
  const one = openModel(device, folder)
  const { policy } = crew({ training: { kind: 'full' } })
  const requests = [0, 1, 2, 3].map((n) => ({ prompt: idsOf(n, 5), samples: 2, key: [9, n] }))
  const sampling = { temperature: 1, maxNewTokens: 6, eosIds: [0] }
  const ids = async (model: Pick<Policy, 'open'>, law = sampling) =>
    (await generateAll(model, requests, law)).map((group) => group.map((each) => each.ids))
  expect(await ids(policy)).toEqual(await ids(one))
  const stopping = { ...sampling, stop: (written: readonly number[]) => written.length === 3 }
  expect(await ids(policy, stopping)).toEqual(await ids(one, stopping))
  const extended = async (model: Pick<Policy, 'open'>) => {
    const session = model.open()
    try {
      const slots = requests.map(({ prompt, key }) => session.submit({ ids: prompt, sampling, key }))
      await Promise.all(slots.map((slot) => slot.completion))
      await Promise.all(slots.map((slot) => slot.extend([5, 6])))
      return { ids: slots.map((slot) => slot.ids), written: session.work().written }
    } finally {
      session.close()
    }
  }
  expect(await extended(policy)).toEqual(await extended(one))
})

test('numbers are passed on in whatever folder has room, and nothing stays there', () => {
  const folder = mkdtempSync(join(root, 'exchange-'))
  const exchange = createExchange(2, [join(root, 'nowhere'), folder])
  exchange.write(1, 3, Float32Array.of(1, 2))
  expect([...exchange.read(1, 3, 3)]).toEqual([1, 2, 0])
  expect(readdirSync(folder)).toEqual([])
  exchange.close()
  expect(() => createExchange(2, [join(root, 'nowhere')])).toThrow('no room for 32 MiB')
})

test('what a copy cannot do, and that it has ended, is told to whoever asks', async () => {
  const { policy, others } = crew({ training: { kind: 'full' } })
  const gone = new HoneError('Process 2 of 2 was killed', { hint: 'resume' })
  const refused = others[0]!.remote('policy').call('setReference', 'no.such.weight', new Float32Array(1))
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('does not move'), exit: EXIT.usage })
  const waiting = learn(policy, batches.slice(0, 2))
  others[0]!.fail(gone)
  await expect(waiting).rejects.toBe(gone)
  await expect(learn(policy, batches)).rejects.toBe(gone)
})
