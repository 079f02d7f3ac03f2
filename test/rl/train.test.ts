// The loop on a policy small enough to check: it learns, it resumes to the same bits, it is loud where it must be.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { RunEvent } from '../../src/rundir/event.ts'
import { latestCheckpoint } from '../../src/job/train/checkpoint.ts'
import { isDegenerate } from '../../src/reward/shape.ts'
import { entropyThreshold } from '../../src/rl/loss.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import { pathsOf } from '../../src/rundir/paths.ts'
import { storeIn } from '../../src/job/train/store.ts'
import { train, type TrainContext } from '../../src/rl/train.ts'
import { firstTokenReader, successorJudge, type Toy, toyPolicy, toyPrompts } from './toy.ts'
import { scratch } from '../scratch.ts'

const V = 6
const EOS = 0

function context(overrides: Record<string, unknown> = {}, toy: Toy = toyPolicy(V), directory = scratch()) {
  const recipe = v.parse(TrainRecipe, {
    model: 'toy',
    data: 'toy',
    output: directory,
    steps: 30,
    promptsPerStep: 6,
    groupSize: 6,
    miniBatches: 2,
    maxCompletionLength: 4,
    temperature: 1,
    learningRate: 0.1,
    weightDecay: 0,
    evalEvery: 10,
    saveEvery: 15,
    seed: 3,
    ...overrides,
  })
  const events: RunEvent[] = []
  const prompts = toyPrompts(12, V)
  const whole: TrainContext = {
    recipe,
    policy: toy,
    device: 'cpu',
    prompts,
    heldOut: [{ name: 'seen', prompts }],
    judge: successorJudge(V),
    evalJudge: successorJudge(V),
    evalReader: firstTokenReader,
    ending: { eosIds: [EOS] },
    store: storeIn(pathsOf(directory), { keepCheckpoints: recipe.keepCheckpoints, run: 'run', made: {} }),
    emit: (event) => events.push(event),
    clock: () => 0,
    interrupted: () => false,
  }
  return { context: whole, events, toy, directory }
}
const start = { step: 0, position: 0, tokens: 0 }
const evaluations = (events: RunEvent[]) =>
  events.flatMap((event) => (event.type === 'eval' ? [event.figures['exact_match']!] : []))
const steps = (events: RunEvent[]) => events.flatMap((event) => (event.type === 'step' ? [event] : []))

test('GRPO learns what is rewarded', async () => {
  const { context: run, events } = context()
  expect(await train(run, start)).toBe('done')
  const [before, ...after] = evaluations(events)
  expect(before).toBeLessThan(0.5)
  expect(after.at(-1)).toBe(1)
  expect(steps(events).at(-1)!.figures['reward']).toBeGreaterThan(0.8)
})

test.each([
  { advantage: 'remax' },
  { advantage: 'gdpo' },
  { surrogate: 'nft', aggregation: 'sequence-total', zeroVariance: 'drop' },
  { surrogate: 'nft', nftNegative: 0, nftNormalize: 0, zeroVariance: 'drop' },
  { klTarget: 0.05, klHorizon: 200, entropyTarget: 0.3 },
  { importanceCorrection: 'token-truncate' },
  { referenceMix: 0.2, referenceEvery: 2, klCoefficient: 0.1 },
])('%j learns what is rewarded too, and a resumed run comes to the same weights', async (changed) => {
  const settings = { ...changed, steps: 20 }
  const whole = context(settings)
  expect(await train(whole.context, start)).toBe('done')
  expect(evaluations(whole.events).at(-1)!).toBeGreaterThan(evaluations(whole.events)[0]! + 0.3)
  const first = context(settings)
  let taken = 0
  expect(await train({ ...first.context, interrupted: () => ++taken === 8 }, start)).toBe('interrupted')
  const resumed = context(settings, toyPolicy(V), first.directory)
  const { checkpoint } = latestCheckpoint(pathsOf(first.directory).checkpoints, 'run')!
  resumed.toy.restore(checkpoint.policy)
  await train(resumed.context, checkpoint)
  expect(resumed.toy.table).toEqual(whole.toy.table)
})

test('a completion that was cut, repeats itself or is no text earns what is set for it', async () => {
  const { context: run } = context({ degenerateReward: -1, steps: 1, evalAtStart: false, maxCompletionLength: 2 })
  const kept: { stop: string; text: string; reward: number; score: number }[] = []
  const store = {
    ...run.store,
    rollouts: (_: number, rollouts: Parameters<typeof run.store.rollouts>[1]) =>
      rollouts.forEach(({ completions }) =>
        completions.forEach(({ stop, text, reward, verdict }) =>
          kept.push({ stop, text, reward, score: verdict.score }),
        ),
      ),
  }
  await train({ ...run, store }, start)
  const cut = kept.filter(({ stop }) => stop === 'max_tokens')
  expect(cut.length).toBeGreaterThan(0)
  for (const { stop, reward, score } of kept) expect(reward).toBe(stop === 'max_tokens' ? -1 : score)
  expect(isDegenerate('so it goes on and on and on '.repeat(9))).toBe(true)
  expect(isDegenerate('half a \ufffd letter')).toBe(true)
  expect(isDegenerate('one call after the other, none of them twice, and then it ends')).toBe(false)
})

test('the loss takes log-probs under the law that drew the tokens, at any temperature', async () => {
  for (const temperature of [0.5, 1, 1.7]) {
    const { context: run, events } = context({ temperature, steps: 3, miniBatches: 1, maxCompletionLength: 6 })
    await train(run, start)
    for (const { figures } of steps(events)) expect(Math.abs(figures['ppo_kl']!)).toBeLessThan(1e-6)
  }
})

test('rewards permuted over the batch teach nothing', async () => {
  const { context: run, events } = context({ permuteRewards: true })
  await train(run, start)
  expect(evaluations(events).at(-1)).toBeLessThan(0.6)
})

for (const preset of [
  { zeroVariance: 'drop' },
  { surrogate: 'cispo' },
  { ratio: 'sequence', aggregation: 'sequence' },
  { advantage: 'rloo', klIn: 'reward', klEstimator: 'k1', klClamp: null },
  { topP: 0.9, entropyCoefficient: 0.001, topEntropyShare: 0.8 },
])
  test(`it learns with ${JSON.stringify(preset)} too`, async () => {
    const { context: run, events } = context(preset)
    await train(run, start)
    expect(evaluations(events).at(-1)).toBeGreaterThan(0.8)
  })

test('how micro-batches are cut changes neither gradient nor weights', async () => {
  const tables = await Promise.all(
    [1, 17, 1_000_000].map(async (microBatchTokens) => {
      const { context: run, toy } = context({ microBatchTokens, steps: 5 })
      await train(run, start)
      return toy.table
    }),
  )
  for (const table of tables.slice(1))
    table.forEach((value, i) => expect(Math.abs(value - tables[0]![i]!)).toBeLessThan(1e-5))
})

test('dropping groups without variance gives the update of keeping them when there is no divergence', async () => {
  const tables = await Promise.all(
    ['keep', 'drop'].map(async (zeroVariance) => {
      const { context: run, toy } = context({ zeroVariance, klCoefficient: 0, steps: 8 })
      await train(run, start)
      return toy.table
    }),
  )
  tables[0]!.forEach((value, i) => expect(Math.abs(value - tables[1]![i]!)).toBeLessThan(1e-5))
})

test('a run killed anywhere and resumed ends with the bits of the run that was never killed', async () => {
  const settings = { steps: 12, saveEvery: 5 }
  const whole = context(settings)
  await train(whole.context, start)
  for (const killedAt of [1, 160, 300, 470]) {
    const toy = toyPolicy(V)
    const killed = context(settings, toy)
    let generated = 0
    toy.onGenerate = () => {
      if (++generated === killedAt) throw new Error('killed')
    }
    await expect(train(killed.context, start)).rejects.toThrow('killed')
    const resumed = context(settings, toyPolicy(V), killed.directory)
    const latest = latestCheckpoint(join(killed.directory, 'checkpoints'), 'run')?.checkpoint
    if (latest) resumed.toy.restore(latest.policy)
    await train(resumed.context, latest ?? start)
    expect(resumed.toy.table).toEqual(whole.toy.table)
    expect(evaluations(resumed.events).at(-1)).toBe(evaluations(whole.events).at(-1))
  }
})

test('an interruption ends after the step at hand, saved', async () => {
  const { context: run, events, directory, toy } = context()
  const stopping = { ...run, interrupted: () => steps(events).length === 3 }
  expect(await train(stopping, start)).toBe('interrupted')
  const latest = latestCheckpoint(join(directory, 'checkpoints'), 'run')!
  expect(latest.checkpoint.step).toBe(3)
  expect(latest.checkpoint.policy.tensors[0]!.value).toEqual(Float32Array.from(toy.table))
})

test('an evaluation that an interruption leaves out is made up for at the resume', async () => {
  const { context: run, events, directory, toy } = context({ steps: 4, evalEvery: 2, evalAtStart: false })
  await train({ ...run, interrupted: () => steps(events).length === 2 }, start)
  expect(evaluations(events)).toHaveLength(0)
  const { checkpoint } = latestCheckpoint(join(directory, 'checkpoints'), 'run')!
  const resumed = context({ steps: 4, evalEvery: 2, evalAtStart: false }, toy, directory)
  await train(resumed.context, checkpoint)
  expect(resumed.events.flatMap((event) => (event.type === 'eval' ? [event.step] : []))).toEqual([2, 4])
})

test('num_tokens counts the tokens of all steps so far, over an interruption too', async () => {
  const whole = context({ steps: 4 })
  await train(whole.context, start)
  const { context: run, events, directory, toy } = context({ steps: 4 })
  await train({ ...run, interrupted: () => steps(events).length === 2 }, start)
  const { checkpoint } = latestCheckpoint(join(directory, 'checkpoints'), 'run')!
  const resumed = context({ steps: 4 }, toy, directory)
  await train(resumed.context, checkpoint)
  const totals = [...steps(events), ...steps(resumed.events)].map(({ figures }) => figures['num_tokens']!)
  expect(totals).toEqual(steps(whole.events).map(({ figures }) => figures['num_tokens']!))
  expect(totals).toEqual(totals.toSorted((a, b) => a - b))
})

test('refilling replaces groups that say nothing and is loud when it gives up', async () => {
  const { context: run, events } = context({ zeroVariance: 'refill', refillRounds: 2, steps: 20 })
  await train(run, start)
  expect(events.some((event) => event.type === 'note' && event.loud && event.text.includes('refills'))).toBe(true)
  const totals = steps(events).map(({ figures }) => figures['num_tokens']!)
  const rolledOut = totals.map((total, i) => total - (totals[i - 1] ?? 0))
  expect(new Set(rolledOut).size).toBeGreaterThan(1)
})

test('rollouts and answers are kept as lines, with rewards, advantages and why', async () => {
  const { context: run, events, directory } = context({ steps: 1, evalEvery: 1 })
  await train(run, start)
  const read = (folder: string, name: string) =>
    readFileSync(join(directory, folder, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const rows = read('rollouts', 'step-000000001.jsonl')
  expect(rows.length).toBe(36)
  expect(rows[0]).toMatchObject({ step: 1, sample: 0, gts: [{ arguments: {} }], live: true, fault: null })
  for (const row of rows) {
    const { output_ids: ids, turns } = row
    expect(row).toMatchObject({ prompt_ids: [expect.any(Number)], output: ids.join(' '), trained: ids.map(() => 1) })
    expect(turns).toEqual([{ role: 'assistant', from: 0, to: ids.length }])
    expect(row.stop).toBe(ids.at(-1) === EOS ? 'completed' : 'max_tokens')
  }
  expect(readdirSync(join(directory, 'evals')).sort()).toEqual(['step-000000000.jsonl', 'step-000000001.jsonl'])
  const answers = read('evals', 'step-000000001.jsonl')
  expect(answers.length).toBe(12)
  const exact = answers.filter((answer) => answer.exact).length
  expect(exact / 12).toBe(evaluations(events).at(-1)!)
})

test('a run does not start when decoding and training disagree', async () => {
  const toy = toyPolicy(V)
  const { context: run } = context({}, toy)
  const wrong = {
    ...toy,
    forward: async (...args: Parameters<Toy['forward']>) => {
      const forward = await toy.forward(...args)
      forward.logprobs[0]![0]![0]! += 1e-3
      return forward
    },
  }
  await expect(train({ ...run, policy: wrong }, start)).rejects.toThrow('differ by 1.0e-3')
})

test('a gradient that is not a number ends the run with the last checkpoint kept', async () => {
  const toy = toyPolicy(V)
  const { context: run, directory } = context({ saveEvery: 1 }, toy)
  let updates = 0
  const broken = {
    ...toy,
    update: (...args: Parameters<Toy['update']>) => (++updates > 4 ? { gradNorm: NaN } : toy.update(...args)),
  }
  await expect(train({ ...run, policy: broken }, start)).rejects.toThrow(
    expect.objectContaining({ exit: 1, message: expect.stringContaining('gradient norm is NaN') }),
  )
  expect(latestCheckpoint(join(directory, 'checkpoints'), 'run')!.checkpoint.step).toBe(2)
})

test('weights that an update, even the last one, makes no numbers are neither evaluated nor saved', async () => {
  const toy = toyPolicy(V)
  const { context: run, directory } = context({ saveEvery: 1, evalEvery: 1 }, toy)
  const last = 30
  let updates = 0
  const broken: Toy = {
    ...toy,
    update: (options) => {
      const updated = toy.update(options)
      if (++updates === 2 * last) toy.table[3] = Infinity
      return updated
    },
  }
  await expect(train({ ...run, policy: broken }, start)).rejects.toThrow(
    expect.objectContaining({ exit: 1, message: expect.stringContaining(`in step ${last} table holds values`) }),
  )
  expect(latestCheckpoint(join(directory, 'checkpoints'), 'run')!.checkpoint.step).toBe(last - 1)
})

test('a reward that only fails ends the run before it is trained on', async () => {
  const { context: run, toy } = context()
  const judge: TrainContext['judge'] = async (groups) =>
    groups.map(({ completions }) =>
      completions.map(() => ({
        text: '',
        verdict: { score: 0, parts: null, fault: 'TypeError', reasons: ['no such key'] },
      })),
    )
  await expect(train({ ...run, judge }, start)).rejects.toThrow(
    expect.objectContaining({ exit: 1, message: expect.stringContaining('TypeError'), hint: 'no such key' }),
  )
  expect(toy.table.every((value) => value === 0)).toBe(true)
})

test('a reward that fails too often ends the run, and one that fails less often does not', async () => {
  const judge: TrainContext['judge'] = async (groups) =>
    groups.map(({ completions }) =>
      completions.map((_, i) => ({
        text: '',
        verdict: { score: i, parts: null, fault: i % 2 === 0 ? 'Timeout' : null, reasons: [] },
      })),
    )
  const strict = context({ maxFaultShare: 0.4, steps: 1 })
  await expect(train({ ...strict.context, judge }, start)).rejects.toThrow('Timeout')
  const lenient = context({ maxFaultShare: 0.6, steps: 1 })
  expect(await train({ ...lenient.context, judge }, start)).toBe('done')
})

test('completions cut at the limit carry no loss where they are masked', async () => {
  const { context: run, toy, events } = context({ maskTruncated: true, steps: 2, maxCompletionLength: 1 })
  await train({ ...run, ending: { eosIds: [] } }, start)
  expect(toy.table.every((value) => value === 0)).toBe(true)
  expect(steps(events).map(({ figures }) => [figures['updates'], figures['completions/clipped_ratio']])).toEqual([
    [0, 1],
    [0, 1],
  ])
})

test('a divergence above the limit ends the run with the checkpoints before it', async () => {
  const { context: run, events, directory } = context({ maxKl: 0.05, saveEvery: 1 })
  await expect(train(run, start)).rejects.toThrow(
    expect.objectContaining({ exit: 1, message: expect.stringContaining('--max-kl is 0.05') }),
  )
  const last = steps(events).at(-1)!
  expect(last.figures['kl']).toBeLessThanOrEqual(0.05)
  expect(latestCheckpoint(join(directory, 'checkpoints'), 'run')!.checkpoint.step).toBe(last.step)
})

const warnings = (events: RunEvent[]) =>
  events.flatMap((event) => (event.type === 'note' && event.loud ? [event.text] : []))

test('a run whose rewards are all equal says so after two steps and at its end, with what the reward says', async () => {
  const { context: run, events } = context({ steps: 5, klCoefficient: 0 })
  const judge: TrainContext['judge'] = async (groups) =>
    groups.map(({ completions }) =>
      completions.map(() => ({
        text: '',
        verdict: { score: 0, parts: null, fault: null, reasons: ['there is no call'] },
      })),
    )
  await train({ ...run, judge }, start)
  const [second, fourth, end, ...more] = warnings(events)
  expect(second).toMatch(
    /^step 2: nothing was learnt from rewards for 2 steps: all rewards are equal: every completion earns 0/,
  )
  expect(second).toContain('the reward says of 36 of 36: there is no call')
  expect(second).toMatch(/; to try: raise --max-completion-length/)
  expect(fourth).toStartWith('step 4: ')
  expect(end).toStartWith('5 of 5 steps learnt nothing from rewards')
  expect(more).toEqual([])
})

test('a run without an update says so, and its learning rate is that of the schedule', async () => {
  const { context: run, events } = context({ maskTruncated: true, steps: 3, maxCompletionLength: 1 })
  await train({ ...run, ending: { eosIds: [] } }, start)
  expect(warnings(events).at(-1)).toMatch(/^not one of 3 steps made an update, .*cut at --max-completion-length/)
  expect(steps(events).map(({ figures }) => figures['learning_rate'])).toEqual([0.1, 0.1, 0.1])
})

test('a policy that has run away is said once', async () => {
  const { context: run, events } = context({ learningRate: 3, klCoefficient: 1e-6, steps: 8 })
  await train(run, start)
  const alarms = events.flatMap((event) => (event.type === 'alarm' ? [event.text] : []))
  expect(alarms.filter((text) => text.includes('run away from the model that it began as'))).toHaveLength(1)
})

test('a run that learns says none of this', async () => {
  const { context: run, events } = context({ steps: 8 })
  await train(run, start)
  expect(warnings(events)).toEqual([])
  expect(events.filter(({ type }) => type === 'alarm')).toEqual([])
})

test('the tokens of highest entropy are those of the policy as it is at each update', async () => {
  const shared = { topEntropyShare: 0.4, klCoefficient: 0, miniBatches: 3, steps: 3, microBatchTokens: 1_000_000 }
  const { context: run, toy } = context({ ...shared, surrogate: 'reinforce', evalAtStart: false, learningRate: 0.5 })
  let updates = 0
  const policy: Toy = {
    ...toy,
    accumulate: (groups, options, gradientOf) =>
      toy.accumulate(groups, options, (forward) => {
        const gradient = gradientOf(forward)
        const entropies = forward.entropies!.flat()
        const threshold = entropyThreshold(entropies, shared.topEntropyShare)
        gradient.logprobs.flat().forEach((tokens, i) =>
          tokens.forEach((value, t) => {
            if (value !== 0) expect(entropies[i]![t]!).toBeGreaterThanOrEqual(threshold)
            // Of a completion with an advantage every token that counts has a gradient.
            else if (tokens.some((other) => other !== 0)) expect(entropies[i]![t]!).toBeLessThan(threshold)
          }),
        )
        updates++
        return gradient
      }),
  }
  await train({ ...run, policy }, start)
  expect(updates).toBe(9)
})
