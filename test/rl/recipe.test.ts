// The recipes: defaults are Tool-N1's, every preset is valid, other trainers' spellings are understood.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveConfig } from '../../src/shell/config.ts'
import { strictArguments } from '../../src/shell/flags.ts'
import { sftPresets, trainPresets } from '../../src/rl/presets.ts'
import { DpoRecipe, RmRecipe, SftRecipe, TrainRecipe } from '../../src/rl/recipe.ts'
import { leavesOf, plain } from '../../src/shell/schema.ts'
import { scratch } from '../scratch.ts'

const needed = { model: 'm', data: 'd.jsonl', output: 'o' }
const train = (flags: Record<string, unknown> = {}, preset = 'tool-n1') =>
  resolveConfig(TrainRecipe, { presets: trainPresets, preset, flags: { ...needed, ...flags } })

test("the default is Tool-N1's recipe, with denominators of the whole optimizer step", () => {
  expect(train().value).toMatchObject({
    groupSize: 5,
    promptsPerStep: 1024,
    miniBatches: 4,
    iterations: 1,
    clipLow: 0.2,
    clipHigh: 0.2,
    dualClip: null,
    klEstimator: 'k3',
    klClamp: 10,
    klCoefficient: 0.001,
    klIn: 'loss',
    learningRate: 1e-6,
    schedule: 'constant',
    weightDecay: 0.01,
    adamBeta2: 0.999,
    temperature: 0.7,
    advantage: 'grpo',
    advantageEpsilon: 1e-6,
    aggregation: 'token',
    maxPromptLength: 4096,
    maxCompletionLength: 8192,
    epochs: 7,
  })
})

test('every preset is a valid recipe and records where its values come from', () => {
  for (const preset of Object.keys(trainPresets)) expect(() => train({}, preset)).not.toThrow()
  for (const preset of Object.keys(sftPresets))
    expect(() => resolveConfig(SftRecipe, { presets: sftPresets, preset, flags: needed })).not.toThrow()
  const { value, origins } = train({ clipLow: '0.1' }, 'gspo')
  expect([value.ratio, value.clipLow]).toEqual(['sequence', 0.1])
  expect([origins['ratio'], origins['clipLow'], origins['seed']]).toEqual(['preset gspo', '--clip-low', 'default'])
})

test('no setting takes a number that float32 cannot hold', () => {
  const numbers = leavesOf(TrainRecipe).filter(({ shape }) => shape.type === 'number' || shape.type === 'integer')
  expect(numbers.length).toBeGreaterThan(20)
  for (const { key } of numbers)
    for (const value of ['1e300', '-1e300']) expect(() => train({ [key]: value })).toThrow()
})

test('no spelling of a setting is that of another', () => {
  for (const schema of [SftRecipe, TrainRecipe, DpoRecipe, RmRecipe]) {
    const all = leavesOf(schema).flatMap(({ key, words }) => [...new Set([key, ...(words.aliases ?? [])].map(plain))])
    expect(all.filter((name, i) => all.indexOf(name) < i)).toEqual([])
  }
})

test("TRL's and verl's spellings are read in files and as flags", () => {
  const file = join(scratch(), 'c.yaml')
  writeFileSync(
    file,
    'model_name_or_path: m\ntrain_files: [a, b]\noutput_dir: o\nnum_generations: 8\nbeta: 0.04\nepsilon_high: 0.28\n',
  )
  const { value } = resolveConfig(TrainRecipe, { file })
  expect(value).toMatchObject({ model: 'm', data: ['a', 'b'], groupSize: 8, klCoefficient: 0.04, clipHigh: 0.28 })
  expect(strictArguments(['--num-generations', '8'], leavesOf(TrainRecipe), 'usage')).toEqual(['--group-size=8', '--'])
})

test('an unknown key ends with its nearest name, the file and the line', () => {
  const file = join(scratch(), 'c.yaml')
  writeFileSync(file, 'model: m\ngroup_sise: 8\n')
  expect(() => resolveConfig(TrainRecipe, { file })).toThrow(
    expect.objectContaining({
      message: 'Unknown key: group_sise',
      at: `${file}:2`,
      hint: expect.stringContaining('group_size'),
    }),
  )
})

test("TRL's epsilon is the clip on both sides, unless one of them is given", () => {
  const clips = (flags: Record<string, unknown>) => {
    const { value } = resolveConfig(TrainRecipe, {
      presets: trainPresets,
      preset: 'tool-n1',
      flags: { model: 'm', data: ['d'], output: 'o', ...flags },
    })
    return [value.clipLow, value.clipHigh]
  }
  expect(clips({ epsilon: 0.1 })).toEqual([0.1, 0.1])
  expect(clips({ epsilon: 0.1, clipHigh: 0.3 })).toEqual([0.1, 0.3])
  expect(clips({ clipLow: 0.1 })).toEqual([0.1, 0.2])
})

test('what no run can be made with is refused before one starts', () => {
  for (const [key, value] of Object.entries({ temperature: 1e-300, loraRank: 100_000, steps: 1e12 }))
    expect(() => train({ [key]: value })).toThrow(expect.objectContaining({ exit: 2 }))
})
