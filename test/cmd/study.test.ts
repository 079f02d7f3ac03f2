// A study as a user runs it: arms that share stages, a kill at any moment, bars and what a wrong file is answered with.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readStudy } from '../../src/job/study/file.ts'
import { roomFor } from '../../src/job/study/jobs.ts'
import { readStudyRecord } from '../../src/rundir/study.ts'
import { runHere } from '../here.ts'
import { forms } from '../hone.ts'
import { taskPairs, taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(180_000)
const [, source] = forms[0]!
const place = mkdtempSync(join(tmpdir(), 'hone-study-'))
const at = (...parts: string[]) => join(place, ...parts)
const hone = (...words: string[]) => runHere(words, { cwd: place })
const sft = { sft: { preset: 'full', data: 'rows.jsonl', steps: 1 } }
const study = {
  model: 'model',
  seeds: [0, 1],
  settings: {
    prompt: 'native',
    device: 'cpu',
    batchSize: 3,
    lr: 0.01,
    maxCompletionLength: 4,
    maxPromptLength: null,
    promptsPerStep: 2,
    groupSize: 2,
    miniBatches: 1,
    saveEvery: 1,
  },
  arms: {
    sft: [sft],
    both: [sft, { train: { data: 'rows.jsonl', steps: 2, reward: './mine.ts' } }],
    preferring: [{ rm: { data: 'pairs.jsonl', steps: 1 } }, { train: { data: 'rows.jsonl', steps: 1 } }],
  },
  evaluate: { data: 'rows.jsonl', rows: 2 },
  bars: ['both - start >= -1', 'sft <= 100', 'sft/rows - start >= -100', 'every sft <= 100'],
}
const write = (name: string, tree: object) => writeFileSync(at(name), JSON.stringify(tree, null, 2))
/** Stages by what they are, with their weights. */
const stages = (directory: string) =>
  readdirSync(at(directory, 'runs')).map((name) => [
    name,
    Bun.hash(readFileSync(at(directory, 'runs', name, 'final', 'model.safetensors'))),
  ])

beforeAll(() => {
  writeTinyModel(at('model'))
  writeFileSync(at('rows.jsonl'), toLines(taskRows(8)))
  writeFileSync(at('pairs.jsonl'), toLines(taskPairs(8)))
  writeFileSync(at('mine.ts'), 'export default ({ completion }: { completion: string }) => completion.length / 100\n')
  write('study.json', study)
})
afterAll(() => rmSync(place, { recursive: true }))

test('it gives each arm with its seeds and intervals, and each bar with its value; what arms share is run once', async () => {
  const { code, stdout } = await hone('study', 'study.json', '-o', 'whole', '--format', 'json')
  expect(code).toBe(0)
  const { arms, bars, ...rest } = JSON.parse(stdout)
  expect(rest).toEqual({})
  expect(arms.map(({ name }: { name: string }) => name)).toEqual(['start', 'sft', 'both', 'preferring'])
  const number = expect.any(Number)
  const sampling = ['both', 'preferring']
  for (const arm of arms)
    expect(arm).toEqual({
      name: arm.name,
      seeds: [0, 1].map((seed) => ({
        seed,
        value: number,
        low: number,
        high: number,
        figures: {
          ...{ tokens: number, called: 0, 'rows:tokens': number, 'rows:called': 0 },
          ...(sampling.includes(arm.name) && { written: number, answered: 0 }),
        },
      })),
      mean: number,
    })
  expect(bars).toEqual([
    { bar: 'both - start >= -1', value: arms[2].mean - arms[0].mean, met: true },
    { bar: 'sft <= 100', value: arms[1].mean, met: true },
    { bar: 'sft/rows - start >= -100', value: arms[1].mean - arms[0].mean, met: true },
    {
      bar: 'every sft <= 100',
      value: Math.max(...arms[1].seeds.map(({ value }: { value: number }) => value)),
      met: true,
    },
  ])
  // Both arms begin with the same fine-tuning: of each seed there is one.
  const kinds = readdirSync(at('whole', 'runs')).map((name) => name.split('-')[0])
  expect(kinds.toSorted()).toEqual(['rm', 'rm', 'sft', 'sft', 'train', 'train', 'train', 'train'])
  // What a reward model before it has learnt is the reward of a stage that names none.
  const rewards = readdirSync(at('whole', 'runs'))
    .filter((name) => name.startsWith('train'))
    .map((name) => JSON.parse(readFileSync(at('whole', 'runs', name, 'run.json'), 'utf8')).settings.reward)
  const shown = await hone('watch', 'whole', '--text')
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain('sft, both · seed 1 · sft  done  step ')
  for (const { name, mean } of arms) expect(shown.stdout).toMatch(new RegExp(`^${name} +${mean.toFixed(1)} %`, 'm'))
  for (const { bar } of bars) expect(shown.stdout).toContain(`met  ${bar}`)
  expect(rewards.filter((reward) => reward.startsWith(`model:${at('whole', 'runs', 'rm-')}`))).toHaveLength(2)
})

test('killed at any moment and run again it comes to the same weights; done, it works no more', async () => {
  // While the second stage of an arm runs; hone train is killed within its own tests.
  const begun = () => {
    const runs = at('killed', 'runs')
    const names = existsSync(runs) ? readdirSync(runs).filter((name) => name.startsWith('train')) : []
    return names.some((name) => existsSync(join(runs, name, 'checkpoints', 'step-000000001')))
  }
  const words = ['study', 'study.json', '-o', 'killed', '--seeds', '0', '--only', 'both']
  const child = Bun.spawn([...source, ...words], { cwd: place, stderr: 'ignore', stdout: 'ignore' })
  while (child.exitCode === null && !begun()) await Bun.sleep(2)
  child.kill('SIGKILL')
  await child.exited
  const whole = await hone(...words, '--format', 'json')
  expect(whole.code).toBe(0)
  expect(stages('killed')).toHaveLength(2)
  expect(stages('whole')).toEqual(expect.arrayContaining(stages('killed')))
  const again = await hone(...words, '--format', 'json')
  expect(again).toMatchObject({ code: 0, stdout: whole.stdout })
  expect(again.stderr).not.toContain('stage')
})

test('seeds side by side come to what they come to one after the other, and no process of one outlives the study', async () => {
  const words = ['study', 'study.json', '-o', 'beside', '--only', 'sft', '--jobs', '2']
  const ours = () => Bun.spawnSync(['pgrep', '-f', `study study.json --output beside`]).stdout.toString().trim()
  const child = Bun.spawn([...source, ...words], { cwd: place, stderr: 'ignore', stdout: 'ignore' })
  while (child.exitCode === null && ours() === '') await Bun.sleep(20)
  child.kill('SIGKILL')
  await child.exited
  while (ours() !== '') await Bun.sleep(20)
  const { code, stderr } = await hone(...words)
  expect({ code, stderr: stderr.match(/^(2 seeds at once|seed [01] {2}sft, seed [01]: .*)$/gm) }).toEqual({
    code: 0,
    stderr: expect.arrayContaining([
      '2 seeds at once',
      expect.stringMatching(/^seed 0/),
      expect.stringMatching(/^seed 1/),
    ]),
  })
  expect(stages('beside')).toHaveLength(2)
  expect(stages('whole')).toEqual(expect.arrayContaining(stages('beside')))
  const seeds = readStudyRecord(at('beside'))!.arms.find(({ name }) => name === 'sft')!.seeds
  expect(seeds.map(({ seed, runs }) => [seed, runs.length])).toEqual([
    [0, 1],
    [1, 1],
  ])
})

test('a seed that cannot be gone on with ends the study, with what its process said', async () => {
  const { batchSize: _, ...settings } = study.settings
  const train = { data: 'rows.jsonl', steps: 2, reward: './mine.ts', lr: 10, klCoefficient: 0.1, maxKl: 1e-9 }
  write('stopping.json', { ...study, settings, arms: { rl: [{ train }] }, bars: [] })
  const { code, stderr } = await hone('study', 'stopping.json', '-o', 'stopping', '--jobs', '2')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: Cannot go on with seed [01]: its process ended with code 1; it said: Stopped after step/m,
  )
})

test('seeds are worked on at once as stages leave cores, and as there is memory for them', async () => {
  const settings = { ...study.settings, threads: 2 }
  write('two.json', { ...study, settings })
  const two = readStudy(at('two.json'))
  const inPlace = { ...two, model: at('model'), arms: new Map([['sft', [stage(two)]]]) }
  const room = 2 ** 40
  expect(await roomFor(inPlace, [0, 1, 2], { cores: 4, room })).toBe(2)
  expect(await roomFor(inPlace, [0, 1, 2], { cores: 3, room })).toBe(1)
  expect(await roomFor(inPlace, [0, 1, 2], { cores: 8, room })).toBe(3)
  expect(await roomFor(inPlace, [0, 1, 2], { cores: 8, room: 2 ** 20 })).toBe(1)
  expect(await roomFor(inPlace, [0], { cores: 8, room })).toBe(1)
  function stage({ arms }: typeof two) {
    const [first] = arms.get('sft')!
    return { ...first!, settings: { ...first!.settings, data: at('rows.jsonl') } }
  }
})

test('one arm and one seed are run alone; a bar that is not met is exit 1', async () => {
  const { code, stdout } = await hone('study', 'study.json', '-o', 'whole', '--only', 'sft', '--seeds', '1')
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^arm +mean +seed 1 +− start[^\n]*\nstart [^\n]*\nsft [^\n]*\nmet {2}sft <= 100 {2}\([\d.]+\)\nmet {2}sft\/rows[^\n]*\nmet {2}every[^\n]*\n$/,
  )
  write('high.json', { ...study, against: 'sft', bars: ['sft >= 101', 'every start - sft > 100'] })
  const high = await hone('study', 'high.json', '-o', 'whole')
  expect(high.code).toBe(1)
  expect(high.stdout).toMatch(/^arm .* − sft [^]*NOT met {2}sft >= 101 [^]*NOT met {2}every start - sft > 100 /)
})

test('where the settings name an environment, an arm is worth what its episodes come to there', async () => {
  // Right for every other row, whatever is said.
  writeFileSync(
    at('env.ts'),
    `export default { reset: ({ id }) => ({ step: () => ({ messages: [], done: true, reward: Number(id.at(-1)) % 2 }) }) }`,
  )
  const arms = { rl: [{ train: { data: 'rows.jsonl', steps: 1 } }] }
  const { batchSize: _, ...shared } = study.settings
  const settings = { ...shared, env: './env.ts', maxCompletionLength: 40, stop: ['a', 'e', 'o', '"'] }
  write('played.json', {
    ...study,
    seeds: [0],
    settings,
    arms,
    bars: ['rl >= 50', 'rl/tokens > 1', 'rl/rows:called <= 0', 'rl/written > 1', 'rl/answered <= 0'],
  })
  const { code, stdout, stderr } = await hone('study', 'played.json', '-o', 'played', '--answers', '2')
  expect(stdout).toMatch(/^start +50\.0[^]*^rl +50\.0/m)
  expect(code).toBe(0)
  // The same first rows of every arm, word for word.
  expect(stderr.match(/^rl, seed 0\n[✗✓] \S+ {2}[^]*?\n[✗✓] \S+ {2}/m)).not.toBeNull()
})

test('an environment answers in the evaluation of what no stage trains with one', () => {
  const { prompt, device, batchSize } = study.settings
  const taken = { prompt, device, batchSize, env: 'kb', maxTurns: 2 }
  write('answered.json', { ...study, settings: taken, arms: { sft: [sft] }, bars: ['sft/tokens > 1'] })
  expect(readStudy(at('answered.json')).settings['env']).toBe('kb')
  write('answered.json', { ...study, settings: { ...taken, groupSize: 2 }, arms: { sft: [sft] }, bars: [] })
  expect(() => readStudy(at('answered.json'))).toThrow('Unknown setting: groupSize')
})

test('a bar speaks of the best of several samples, and of the pairs that the last stage has in order', async () => {
  // What is drawn is right for about every second answer, what is likeliest never.
  writeFileSync(at('longer.ts'), `export default ({ completion }) => Number(completion.length % 2 === 1)`)
  const { prompt, device, maxCompletionLength } = study.settings
  const settings = { prompt, device, maxCompletionLength, evalEvery: 0 }
  const stage = { preset: 'trl', data: 'pairs.jsonl', steps: 1 }
  const arms = { dpo: [{ dpo: { ...stage, evalPairs: 'pairs.jsonl' } }] }
  const ways = { best: { samples: 4, temperature: 1 }, again: { samples: 1 } }
  const bars = [
    'dpo/best - dpo/again >= 0',
    'dpo/again - dpo >= 0',
    'dpo/again - dpo <= 0',
    'dpo/pairs >= 0',
    'dpo/best / dpo/best >= 1',
  ]
  const evaluate = { data: 'rows.jsonl', rows: 2, reward: './longer.ts', ways }
  write('ways.json', { ...study, seeds: [0], settings, arms, evaluate, bars })
  const { code, stdout, stderr } = await hone('study', 'ways.json', '-o', 'ways', '--format', 'json')
  expect(stderr).not.toContain('hint')
  const report = JSON.parse(stdout)
  expect(report.bars.filter(({ met }: { met: boolean }) => !met)).toEqual([])
  expect(code).toBe(0)
  const [, { parts }] = report.arms.map(({ seeds: [seed] }: { seeds: object[] }) => seed)
  expect(Object.keys(parts)).toEqual(['rows', 'best', 'again', 'pairs'])
})

test('a stage of pairs that names no data learns from what the stage before it sampled; every fifth step is held out', async () => {
  const { batchSize: _, ...settings } = study.settings
  const train = { data: 'rows.jsonl', steps: 5, reward: './mine.ts', evalEvery: 0, temperature: 1 }
  const dpo = { preset: 'trl', steps: 1, batchSize: 2, evalEvery: 0 }
  const arms = { dpo: [{ train }, { dpo }] }
  write('own.json', { ...study, seeds: [0], settings, arms, bars: ['dpo/pairs >= 0'] })
  const { code, stderr } = await hone('study', 'own.json', '-o', 'own')
  expect(stderr).not.toContain('hint')
  expect(code).toBe(0)
  const run = readdirSync(at('own', 'runs')).find((name) => name.startsWith('dpo'))!
  const { settings: taken } = JSON.parse(readFileSync(at('own', 'runs', run, 'run.json'), 'utf8'))
  const steps = (files: string[]) => files.map((file) => Number(/(\d+)\.jsonl$/.exec(file)![1]))
  expect([steps(taken.data), steps(taken.evalPairs)]).toEqual([[1, 2, 3, 4], [5]])
  write('own.json', { ...study, seeds: [0], settings, arms: { dpo: [{ dpo }] }, bars: [] })
  expect((await hone('study', 'own.json', '-o', 'own-none')).code).toBe(2)
})

test('replies that a stage has kept are learnt by the next one that names no data, which is left out where none was', async () => {
  const { prompt, device } = study.settings
  const settings = { prompt, device, evalEvery: 0, maxNewTokens: 4 }
  const taught = (minScore: number) => [
    { distill: { data: 'rows.jsonl', reward: './mine.ts', attempts: 1, minScore } },
    { sft: { preset: 'full', steps: 1 } },
  ]
  const arms = { learnt: taught(0), none: taught(100) }
  const bars = ['learnt/kept >= 100', 'none/kept <= 0', 'none - start >= 0', 'none - start <= 0']
  write('kept.json', { ...study, seeds: [0], settings, arms, bars })
  const first = await hone('study', 'kept.json', '-o', 'kept')
  expect(first).toMatchObject({ code: 0 })
  expect(first.stderr).toContain('none, seed 0, stage 2: sft is left out')
  const runs = readdirSync(at('kept', 'runs')).toSorted()
  expect(runs.map((name) => name.split('-')[0])).toEqual(['distill', 'distill', 'sft'])
  const { settings: taken } = JSON.parse(readFileSync(at('kept', 'runs', runs[2]!, 'run.json'), 'utf8'))
  const rows = readFileSync(taken.data[0], 'utf8').trim().split('\n')
  expect(rows.map((row) => JSON.parse(row).id)).toEqual(taskRows(8).map(({ id }) => id))
  const again = await hone('study', 'kept.json', '-o', 'kept')
  expect(again).toMatchObject({ code: 0, stdout: first.stdout })
  expect(again.stderr).not.toContain('→')
})

test('what a probe comes to is a part of its arm; in paths {seed} is the seed', async () => {
  const asked = ['open', 'send', 'move', 'find'].map((word, i) => ({ id: word, prompt: `${word} it?`, label: i < 2 }))
  for (const seed of ['0', '1']) {
    mkdirSync(at(seed))
    writeFileSync(at(seed, 'rows.jsonl'), toLines(taskRows(8)))
    writeFileSync(
      at(seed, 'pairs.jsonl'),
      toLines(asked.map(({ prompt }) => ({ positive: `think ${prompt}`, negative: `answer ${prompt}` }))),
    )
    writeFileSync(at(seed, 'questions.jsonl'), toLines(asked))
  }
  const { prompt, device, maxCompletionLength } = study.settings
  const settings = { prompt, device, maxCompletionLength, evalEvery: 0 }
  const probe = { pairs: '{seed}/pairs.jsonl', data: '{seed}/questions.jsonl', yes: 'yes', no: 'no' }
  const arms = { probed: [{ sft: { ...sft.sft, data: '{seed}/rows.jsonl' } }, { probe }] }
  const bars = ['probed/probe - probed/naive >= -100', 'probed/random >= 0', 'probed/pairs <= 100']
  write('probed.json', { ...study, settings, arms, evaluate: { data: '{seed}/rows.jsonl', rows: 2 }, bars })
  const { code, stdout } = await hone('study', 'probed.json', '-o', 'probed', '--format', 'json')
  expect(code).toBe(0)
  const [, { seeds }] = JSON.parse(stdout).arms
  const parts = ['rows', 'naive', 'p-yes', 'p-yes-2', 'probe', 'random', 'pairs']
  for (const seed of seeds) expect(Object.keys(seed.parts)).toEqual(parts)
  const data = readdirSync(at('probed', 'runs'))
    .filter((name) => name.startsWith('sft'))
    .map((name) => JSON.parse(readFileSync(at('probed', 'runs', name, 'run.json'), 'utf8')).settings.data)
  expect(data.toSorted()).toEqual([[at('0', 'rows.jsonl')], [at('1', 'rows.jsonl')]])
})

test('a wrong file is told by its line before anything is run', async () => {
  const cases: [object, RegExp][] = [
    [
      { settings: { learningrat: 1 } },
      /bad\.json:\d+: Unknown setting: learningrat\n\nhint: did you mean learningRate\?/,
    ],
    [{ bars: ['bth - start >= 1'] }, /bad\.json:\d+: Unknown arm: bth\n\nhint: did you mean both\?/],
    [{ bars: ['both/row >= 1'] }, /bad\.json:\d+: Unknown part of the evaluation: row\n\nhint: did you mean rows\?/],
    [{ bars: ['better'] }, /bad\.json:\d+: Cannot read the bar "better"/],
    [{ arms: { a: [{ sfd: {} }] } }, /bad\.json:\d+: Unknown stage: sfd\n\nhint: did you mean sft\?/],
    [{ arms: { a: [{ sft: { stepz: 1 } }] } }, /bad\.json:\d+: Unknown setting: stepz\n\nhint: did you mean steps\?/],
    [{ arms: { start: [] } }, /bad\.json:\d+: Cannot read the study: the arm start is the model as it comes/],
    [{ seads: [0] }, /bad\.json:\d+: Unknown key of a study: seads\n\nhint: did you mean seeds\?/],
    [{ against: 'bth' }, /bad\.json:\d+: Unknown arm: bth\n\nhint: did you mean both\?/],
    [{ evaluate: { data: 'rows-{seed}.jsonl' } }, /Cannot evaluate "rows-\{seed\}\.jsonl"[^]*a folder that it lies in/],
    [{ bars: ['sft/kept >= 1'] }, /bad\.json:\d+: Unknown part of the evaluation: kept/],
    [{ evaluate: {} }, /bad\.json:\d+: Cannot read the study: evaluate\.data/],
  ]
  for (const [change, said] of cases) {
    write('bad.json', { ...study, ...change })
    expect(await hone('study', 'bad.json', '-o', 'bad')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(said),
    })
  }
  expect(existsSync(at('bad'))).toBe(false)
})
