// train with an environment, as a user runs it: turns in the rollouts, replayed and resumed to the same weights, bad input told.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from '../../src/rundir/run.ts'
import { readRecords } from '../../src/text/jsonl.ts'
import { runHere } from '../here.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-environment-'))
const hone = (...words: string[]) => runHere(words, { cwd: place })
const weights = (directory: string) => Bun.hash(readFileSync(join(place, directory, 'final', 'model.safetensors')))

beforeAll(() => {
  writeTinyModel(join(place, 'model'))
  writeFileSync(join(place, 'rows.jsonl'), toLines(taskRows(6)))
  // Random weights never make a call: this environment talks back whatever is said, and rewards long answers.
  writeFileSync(
    join(place, 'env.ts'),
    `export default { reset: () => { let turns = 0; return { step: ({ text }) => ({
      messages: [{ role: 'user', content: 'Go on ' + ++turns }], done: turns === 3, reward: text.length / 100, metrics: { words: 1 },
    }) } } }`,
  )
  const settings = {
    model: 'model',
    data: 'rows.jsonl',
    evalData: 'rows.jsonl',
    evalRows: 2,
    prompt: 'native',
    device: 'cpu',
    threads: 1,
  }
  const steps = {
    steps: 4,
    saveEvery: 1,
    evalEvery: 2,
    evalAtStart: false,
    promptsPerStep: 2,
    groupSize: 4,
    miniBatches: 1,
  }
  const branching = { branchInitial: 2, branchAlpha: 1 }
  const lengths = {
    maxPromptLength: null,
    maxCompletionLength: 60,
    temperature: 1,
    learningRate: 0.01,
    stop: ['a', 'e', 'o', '"'],
  }
  writeFileSync(
    join(place, 'train.json'),
    JSON.stringify({ ...settings, ...steps, ...lengths, ...branching, env: './env.ts' }),
  )
})
afterAll(() => rmSync(place, { recursive: true }))

test('rollouts hold turns, what is trained, how each episode ended and what it was worth', async () => {
  const whole = await hone('train', 'train.json', '--output', 'whole')
  expect(whole).toMatchObject({ code: 0, stdout: '' })
  const rows = await Array.fromAsync(
    readRecords(join(place, 'whole', 'rollouts', readdirSync(join(place, 'whole', 'rollouts')).sort()[0]!)),
  )
  const several = rows.map(({ value }) => Object(value)).filter(({ turns }) => turns.length > 1)
  expect(several.length).toBeGreaterThan(0)
  for (const { trained, turns, output_ids, logprobs, score, parts, stop } of several) {
    const roles = turns.map(({ role }: { role: string }) => role)
    expect(roles.filter((_: string, i: number) => i % 2 === 1)).toEqual(
      roles.slice(0, roles.length >> 1).map(() => 'user'),
    )
    const own = turns.filter(({ role }: { role: string }) => role === 'assistant')
    const tokens = own.reduce((sum: number, { from, to }: { from: number; to: number }) => sum + to - from, 0)
    expect(trained.reduce((sum: number, flag: number) => sum + flag, 0)).toBe(tokens)
    expect(output_ids.length).toBe(trained.length)
    trained.forEach((flag: number, t: number) => flag === 0 && expect(logprobs[t]).toBe(0))
    expect(score).toBeGreaterThan(0)
    expect(parts.words).toBeGreaterThan(0)
    expect(['completed', 'max_tokens']).toContain(stop)
  }
})

test('branches say where they began, and begin as what they branched off from', async () => {
  const [file] = readdirSync(join(place, 'whole', 'rollouts')).sort()
  const rows = (await Array.fromAsync(readRecords(join(place, 'whole', 'rollouts', file!)))).map(({ value }) =>
    Object(value),
  )
  const branches = rows.filter(({ branch }) => branch)
  expect(branches.length).toBeGreaterThan(0)
  for (const { id, branch, output_ids: ids, turns } of branches) {
    const from = rows.find((each) => each.id === id && each.sample === branch.from)
    expect(ids.slice(0, branch.at)).toEqual(from.output_ids.slice(0, branch.at))
    expect(turns.some(({ role, to }: { role: string; to: number }) => role === 'user' && to === branch.at)).toBe(true)
  }
  const step = readEvents(join(place, 'whole', 'events.ndjson')).find(({ type }) => type === 'step')
  expect(Object(step).figures).toMatchObject({
    'rollout/branched': branches.length / 8,
    'rollout/shared': expect.any(Number),
    // Of each turn what lies behind the place where its branch began.
    'rollout/written': lengthsOf('assistant').reduce((sum, length) => sum + length, 0),
    'rollout/answered': lengthsOf('user').filter((length) => length > 0).length,
  })
  function lengthsOf(wanted: string): number[] {
    return rows.flatMap(({ turns, branch = { at: 0 } }) =>
      turns
        .filter(({ role }: { role: string }) => role === wanted)
        .map(({ from, to }: { from: number; to: number }) => Math.max(0, to - Math.max(from, branch.at))),
    )
  }
  expect(await hone('train', 'train.json', '--output', 'never', '--replay', broken(rows, branches[0]))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('as its "branch" says'),
  })
})

/** A file of rollouts in which a branch says that it shares more than it does. */
function broken(rows: readonly object[], branch: { output_ids: number[] }): string {
  const wrong = { ...branch, branch: { from: 0, at: branch.output_ids.length } }
  writeFileSync(join(place, 'broken.jsonl'), toLines(rows.map((row) => (row === branch ? wrong : row))))
  return 'broken.jsonl'
}

test('held-out rows are episodes of their own, side by side', async () => {
  const [file] = readdirSync(join(place, 'whole', 'evals'))
  const answers = await Array.fromAsync(readRecords(join(place, 'whole', 'evals', file!)))
  expect(answers.map(({ value }) => Object(value).fault)).toEqual([null, null])
})

test('what was rolled out is learnt again to the same weights, and so is a run that was killed', async () => {
  expect((await hone('train', 'train.json', '--output', 'again', '--replay', 'whole/rollouts')).code).toBe(0)
  expect(weights('again')).toBe(weights('whole'))
  // As a kill after the third step leaves it.
  cpSync(join(place, 'whole'), join(place, 'killed'), { recursive: true })
  for (const left of ['final', join('checkpoints', 'step-000000004')])
    rmSync(join(place, 'killed', left), { recursive: true })
  expect(await hone('train', '--resume', 'killed')).toMatchObject({ code: 0 })
  expect(weights('killed')).toBe(weights('whole'))
})

test('an environment that does not open is told before the run', async () => {
  const words = ['train', 'train.json', '--output', 'never', '--env', 'nowhere']
  expect(await hone(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere') })
  expect(await hone('train', 'train.json', '--output', 'never', '--env-cmd', 'cat')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('two environments'),
  })
  expect(await hone('plan', 'train.json', '--output', 'never', '--env', './gone.ts')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no such file'),
  })
  expect(existsSync(join(place, 'never'))).toBe(false)
})

test('the files of hone init env train', async () => {
  expect((await hone('init', 'env', '-o', 'mine')).code).toBe(0)
  const tested = Bun.spawnSync([process.execPath, 'test', './mine/env.test.ts'], { cwd: place })
  expect(tested.exitCode).toBe(0)
  const words = [
    '--env',
    './mine/env.ts',
    '--data',
    'mine/rows.jsonl',
    '--eval-data',
    'mine/rows.jsonl',
    '--steps',
    '1',
    '--output',
    'mine/run',
  ]
  expect(await hone('train', 'train.json', ...words)).toMatchObject({ code: 0 })
})
