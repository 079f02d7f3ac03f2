// Learning again from rollouts that a run has kept: the bits of the run that wrote them, and of what it would have done next.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { latestCheckpoint } from '../../src/job/train/checkpoint.ts'
import { openReplay } from '../../src/job/train/replay.ts'
import { storeIn } from '../../src/job/train/store.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import { rollout } from '../../src/rl/rollout.ts'
import { train, type TrainContext } from '../../src/rl/train.ts'
import { pathsOf } from '../../src/rundir/paths.ts'
import type { RunEvent } from '../../src/rundir/event.ts'
import { scratch } from '../scratch.ts'
import { firstTokenReader, successorJudge, type Toy, toyPolicy, toyPrompts } from './toy.ts'

const V = 6
const start = { step: 0, position: 0, tokens: 0 }
const prompts = toyPrompts(12, V)
const config = toyPolicy(V).config
/** What is asked of the reward or the sampler where nothing should be. */
const refuse = () => {
  throw new Error('asked')
}

async function place(overrides: Record<string, unknown>, directory = scratch()) {
  const toy = toyPolicy(V)
  const recipe = v.parse(TrainRecipe, {
    model: 'toy',
    data: 'toy',
    output: directory,
    steps: 5,
    promptsPerStep: 6,
    groupSize: 4,
    miniBatches: 2,
    maxCompletionLength: 4,
    temperature: 1,
    learningRate: 0.1,
    saveEvery: 1,
    seed: 3,
    ...overrides,
  })
  const events: RunEvent[] = []
  const context: TrainContext = {
    recipe,
    policy: toy,
    device: 'cpu',
    prompts,
    heldOut: [],
    judge: successorJudge(V),
    evalJudge: successorJudge(V),
    evalReader: firstTokenReader,
    ending: { eosIds: [0] },
    replay: recipe.replay === null ? undefined : await openReplay(recipe.replay, { prompts, config }),
    store: storeIn(pathsOf(directory), { keepCheckpoints: 9, run: 'run', made: {} }),
    emit: (event) => events.push(event),
    clock: () => 0,
    interrupted: () => false,
  }
  return { context, toy, events, directory }
}

async function sampled() {
  const { context } = await place({})
  const sampling = { temperature: 1, maxNewTokens: 4, eosIds: [0] }
  return await rollout({ ...context, sampling, step: 0 }, 0)
}

/** A policy that may sample for the check at the start of a run alone. */
function unasked(toy: Toy): Toy {
  let generated = 0
  toy.onGenerate = () => {
    if (++generated > 4) refuse()
  }
  return toy
}

const figures = (events: RunEvent[]) => events.flatMap((event) => (event.type === 'step' ? [event.figures] : []))

for (const settings of [
  {},
  { zeroVariance: 'refill', refillRounds: 2 },
  { zeroVariance: 'drop', topP: 0.9 },
  { permuteRewards: true, klIn: 'reward', klEstimator: 'k1' },
  { maskTruncated: true, iterations: 2 },
]) {
  test(`${JSON.stringify(settings)}: rollouts replayed give the weights of the run that wrote them, unsampled and unjudged`, async () => {
    const first = await place(settings)
    await train(first.context, start)
    const again = await place({ ...settings, replay: join(first.directory, 'rollouts') })
    unasked(again.toy)
    await train({ ...again.context, judge: refuse }, start)
    expect(again.toy.table).toEqual(first.toy.table)
    expect(figures(again.events)).toEqual(figures(first.events))
    for (const name of readdirSync(join(first.directory, 'rollouts'))) {
      const read = (directory: string) => readFileSync(join(directory, 'rollouts', name), 'utf8')
      expect(read(again.directory)).toBe(read(first.directory))
    }
  })

  test(`${JSON.stringify(settings)}: after the steps that a file holds, sampling goes on where the first run did`, async () => {
    const first = await place(settings)
    await train(first.context, start)
    const file = join(scratch(), 'some.jsonl')
    const kept = readdirSync(join(first.directory, 'rollouts')).toSorted().slice(0, 3)
    writeFileSync(file, kept.map((name) => readFileSync(join(first.directory, 'rollouts', name), 'utf8')).join('\n'))
    const again = await place({ ...settings, replay: file })
    await train(again.context, start)
    expect(again.toy.table).toEqual(first.toy.table)
    const told = again.events.find((event) => event.type === 'note' && event.text.includes('kept rollouts'))
    expect(told).toMatchObject({ text: expect.stringContaining('3 steps between 1 and 3; the others are sampled') })
  })
}

test('a replayed run that is interrupted and resumed has the bits of one that was not', async () => {
  const first = await place({})
  await train(first.context, start)
  const replay = join(first.directory, 'rollouts')
  const stopped = await place({ replay })
  const stop = { ...stopped.context, interrupted: () => figures(stopped.events).length === 2 }
  expect(await train(stop, start)).toBe('interrupted')
  const resumed = await place({ replay }, stopped.directory)
  const { checkpoint } = latestCheckpoint(join(stopped.directory, 'checkpoints'), 'run')!
  resumed.toy.restore(checkpoint.policy)
  await train({ ...resumed.context, judge: refuse }, checkpoint)
  expect(resumed.toy.table).toEqual(first.toy.table)
})

test('rollouts that are judged again are learnt from by the rewards of now', async () => {
  const first = await place({ zeroVariance: 'refill' })
  await train(first.context, start)
  const replay = join(first.directory, 'rollouts')
  const same = await place({ zeroVariance: 'refill', replay, rescore: true })
  await train(same.context, start)
  expect(same.toy.table).toEqual(first.toy.table)
  const other = await place({ zeroVariance: 'refill', replay, rescore: true })
  const judge: TrainContext['judge'] = async (rollouts) =>
    rollouts.map(({ completions }) =>
      completions.map((_, i) => ({ text: '', verdict: { score: i, parts: null, fault: null, reasons: [] } })),
    )
  await train({ ...other.context, judge }, start)
  expect(figures(other.events)[0]).toMatchObject({ reward: 1.5, frac_reward_zero_std: 0 })
  expect(other.toy.table).not.toEqual(first.toy.table)
})

test('a line that cannot be replayed is refused at its place, whatever is wrong with it', async () => {
  const { context, directory } = await place({ steps: 2 })
  await train(context, start)
  const lines = readdirSync(join(directory, 'rollouts'))
    .toSorted()
    .flatMap((name) =>
      readFileSync(join(directory, 'rollouts', name), 'utf8')
        .trim()
        .split('\n'),
    )
  const path = join(scratch(), 'rollouts.jsonl')
  const refusal = async (change: (line: Record<string, unknown>) => unknown, at = 2) => {
    const changed = lines.map((line, i) => {
      if (i !== at) return line
      const found = change(JSON.parse(line))
      return typeof found === 'string' ? found : JSON.stringify(found)
    })
    writeFileSync(path, changed.join('\n'))
    return await openReplay(path, { prompts, config }).then(
      () => 'nothing',
      ({ message, at: place, exit }) => `${exit} ${String(place).replace(`${path}:`, '')} ${message}`,
    )
  }
  expect(await refusal((line) => line)).toBe('nothing')
  expect(await refusal(() => '{"step": 1,')).toStartWith('2 3:')
  expect(await refusal(() => '[]')).toMatch(/^2 3 Cannot replay the rollout: /)
  expect(await refusal(({ logprobs, ...line }) => line)).toMatch(/^2 3 Cannot replay the rollout: logprobs: /)
  expect(await refusal((line) => ({ ...line, reward: null }))).toMatch(/^2 3 .*reward: .*number/)
  expect(await refusal((line) => ({ ...line, stop: 'eos' }))).toMatch(/^2 3 .*stop: .*completed/)
  expect(await refusal((line) => ({ ...line, trained: [] }))).toMatch(/^2 3 .*must be of one length/)
  expect(await refusal((line) => ({ ...line, id: 'x' }))).toMatch(/^2 3 .*no row has the id "x"/)
  expect(await refusal((line) => ({ ...line, prompt_ids: [1, 1] }))).toMatch(/^2 3 .*row "row \d+" has another prompt/)
  expect(await refusal((line) => ({ ...line, output_ids: (line['output_ids'] as number[]).map(() => V) }))).toMatch(
    /^2 3 .*id 6 is not among the model's 6/,
  )
  const long = new Array<number>(64).fill(1)
  expect(await refusal((line) => ({ ...line, output_ids: long, logprobs: long, trained: long }))).toMatch(
    /^2 3 .*1 \+ 64 tokens are more than the model's 64 positions/,
  )
  expect(await refusal((line) => ({ ...line, sample: 3 }))).toMatch(/^2 3 .*sample 3 does not stand after sample 2/)
  expect(await refusal((line) => ({ ...line, step: 2 }), 0)).toMatch(/^2 2 .*sample 1 does not stand after sample 0/)
  writeFileSync(path, [...lines.slice(24), ...lines.slice(0, 24)].join('\n'))
  await expect(openReplay(path, { prompts, config })).rejects.toThrow('step 1 stands after step 2')
  writeFileSync(path, '\n')
  await expect(openReplay(path, { prompts, config })).rejects.toThrow('there are none')
  await expect(openReplay(directory, { prompts, config })).rejects.toMatchObject({
    hint: 'give the folder rollouts of a run, or one of its files',
  })
  await expect(openReplay(join(directory, 'gone'), { prompts, config })).rejects.toMatchObject({ exit: 2 })
  await expect(openReplay('-', { prompts, config })).rejects.toThrow('read twice')
})

test('turns, given spans and verdicts survive the file', async () => {
  const directory = scratch()
  const { completions, prompt } = (await sampled()).rollouts[0]!
  const turns = [
    { role: 'assistant' as const, from: 0, to: 1 },
    { role: 'tool' as const, from: 1, to: 3 },
  ]
  const given = completions.map((each) => ({
    ...each,
    ids: [1, 2, 3],
    logprobs: Float32Array.of(-0.1, 0, 0),
    trained: [{ from: 0, to: 1 }],
    turns,
    stop: 'max_turns' as const,
    verdict: { score: 1 / 3, parts: { a: null }, fault: 'Timeout', notApplicable: true as const, reasons: ['r'] },
  }))
  storeIn(pathsOf(directory), { keepCheckpoints: 1, run: 'run', made: {} }).rollouts(
    7,
    [],
    [{ prompt, completions: given, live: false }],
    new Map(),
  )
  const replay = await openReplay(join(directory, 'rollouts'), { prompts, config })
  expect(replay.steps).toEqual([7])
  expect(await replay.take(7)).toEqual([{ prompt, completions: given }])
})
