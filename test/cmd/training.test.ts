// Every kind of training as a user runs them: killed, interrupted, resumed, and given what they cannot use.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isBound, metricOf } from '../../src/rundir/metrics.ts'
import { readEvents } from '../../src/rundir/run.ts'
import { runHere } from '../here.ts'
import { errorsOf } from '../json-schema.ts'
import { forms } from '../hone.ts'
import { taskPairs, taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const [, source] = forms[0]!
const place = mkdtempSync(join(tmpdir(), 'hone-training-'))
const settings = {
  model: 'model',
  data: 'rows.jsonl',
  evalData: 'rows.jsonl',
  evalRows: 3,
  prompt: 'native',
  device: 'cpu',
  threads: 1,
  steps: 3,
  saveEvery: 2,
  evalEvery: 3,
  evalAtStart: false,
  maxCompletionLength: 6,
  learningRate: 0.01,
}
// Random weights never make a right call; their texts differ in length.
const rl = {
  ...settings,
  promptsPerStep: 3,
  groupSize: 3,
  miniBatches: 2,
  maxPromptLength: null,
  temperature: 1,
  reward: './mine.ts',
}
const supervised = { ...settings, preset: 'full', batchSize: 3 }
const preferring = { ...settings, data: 'pairs.jsonl', batchSize: 3, schedule: 'constant' }
// No answers are sampled, held-out rows are pairs.
const { maxCompletionLength: _, evalRows, ...unanswered } = preferring
const scoring = {
  ...unanswered,
  evalData: 'pairs.jsonl',
  evalRows,
  rpoAlpha: undefined,
  centerRewardsCoefficient: 0.01,
}
const hone = (...words: string[]) => runHere(words, { cwd: place })
const config = (name: string, tree: object) => writeFileSync(join(place, name), JSON.stringify(tree))
const weights = (directory: string) => Bun.hash(readFileSync(join(place, directory, 'final', 'model.safetensors')))

const gradNorms = (directory: string): number[] =>
  readEvents(join(place, directory, 'events.ndjson')).flatMap((event) =>
    event.type === 'step' ? [event.figures['grad_norm']!] : [],
  )

beforeAll(() => {
  writeTinyModel(join(place, 'model'))
  writeFileSync(join(place, 'rows.jsonl'), toLines(taskRows(10)))
  writeFileSync(
    join(place, 'mine.ts'),
    'export default ({ completion }: { completion: string }) => completion.length / 100\n',
  )
  config('train.json', rl)
  config('sft.json', supervised)
  writeFileSync(join(place, 'pairs.jsonl'), toLines(taskPairs(10)))
  config('dpo.json', { ...preferring, rpoAlpha: 0.1, evalPairs: 'pairs.jsonl' })
  config('rm.json', scoring)
  config('ppo.json', { ...rl, preset: 'ppo', groupSize: 2, criticLearningRate: 0.01 })
})
afterAll(() => rmSync(place, { recursive: true }))

/** Starts `command` and does not wait until it ends, but until `done`. */
async function startUntil(command: readonly string[], done: () => boolean) {
  const child = Bun.spawn([...command], { cwd: place, stderr: 'pipe' })
  while (child.exitCode === null && !done()) await Bun.sleep(2)
  return child
}

/** A copy of a finished run as a kill leaves it that comes before its last checkpoint, or before every one. */
function killed(from: string, to: string, hasCheckpoint: boolean): void {
  cpSync(join(place, from), join(place, to), { recursive: true })
  rmSync(join(place, to, 'final'), { recursive: true })
  rmSync(join(place, to, 'checkpoints', hasCheckpoint ? 'step-000000003' : '.'), { recursive: true })
}

for (const [name, command] of Object.entries({ train: 'train', ppo: 'train', sft: 'sft', dpo: 'dpo', rm: 'rm' })) {
  test(`${name} writes its run, keeps stdout empty, and a run killed at any moment is resumed to the same weights`, async () => {
    const whole = await hone(command, `${name}.json`, '--output', `${name}-whole`)
    expect(whole).toMatchObject({ code: 0, stdout: '' })
    expect(whole.stderr).toContain('step 3/3  ')
    expect(readdirSync(join(place, `${name}-whole`))).toContainValues([
      'run.json',
      'events.ndjson',
      'checkpoints',
      'final',
      ...(command === 'rm' ? [] : ['evals']),
    ])

    const figures = readEvents(join(place, `${name}-whole`, 'events.ndjson')).flatMap((event) =>
      event.type === 'step' || event.type === 'eval' ? Object.keys(event.figures) : [],
    )
    expect(figures.filter((each) => !isBound(each) && !metricOf(each))).toEqual([])

    const resumed = `${name}-killed`
    killed(`${name}-whole`, resumed, name !== 'sft')
    expect(await hone(command, '--resume', resumed)).toMatchObject({ code: 0, stdout: '' })
    expect(weights(resumed)).toBe(weights(`${name}-whole`))
    expect(gradNorms(resumed)).toEqual(gradNorms(`${name}-whole`))
    expect(Math.min(...gradNorms(resumed))).toBeGreaterThan(0)
  })
}

test('an interrupted run ends with 130 and the command that goes on with it, and killed on the way is resumed still', async () => {
  const events = join(place, 'a run', 'events.ndjson')
  const child = await startUntil([...source, 'train', 'train.json', '--output', 'a run'], () => existsSync(events))
  child.kill('SIGINT')
  const said = await new Response(child.stderr).text()
  expect(await child.exited).toBe(130)
  const command = /to go on: (.*)/.exec(said)?.[1]
  expect(command).toEndWith(`train --resume 'a run'`)
  // The shell makes way for hone: a kill of it is one of hone.
  const again = await startUntil(['sh', '-c', `exec ${command}`], () => gradNorms('a run').length === 2)
  again.kill('SIGKILL')
  await again.exited
  expect(gradNorms('a run').length).toBeGreaterThan(1)
  expect(await hone('train', '--resume', 'a run')).toMatchObject({ code: 0 })
  expect(weights('a run')).toBe(weights('train-whole'))
  expect(gradNorms('a run')).toEqual(gradNorms('train-whole'))
})

test('rollouts of a run, as a folder or as one file, are replayed to the same weights', async () => {
  const kept = join(place, 'train-whole', 'rollouts')
  const files = readdirSync(kept).toSorted()
  writeFileSync(
    join(place, 'first.jsonl'),
    files
      .slice(0, 2)
      .map((name) => readFileSync(join(kept, name), 'utf8'))
      .join(''),
  )
  for (const [output, replay] of [
    ['folder', 'train-whole/rollouts'],
    ['file', 'first.jsonl'],
  ] as const) {
    const { code, stdout, stderr } = await hone('train', 'train.json', '--output', output, '--replay', replay)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('learns from kept rollouts')
    expect(weights(output)).toBe(weights('train-whole'))
    expect(gradNorms(output)).toEqual(gradNorms('train-whole'))
  }
  writeFileSync(join(place, 'others.jsonl'), toLines(taskRows(10).map((row) => ({ ...row, id: `other ${row.id}` }))))
  const before = readdirSync(place)
  const refused = await hone(
    'train',
    'train.json',
    '--output',
    'out',
    '--replay',
    'first.jsonl',
    '--data',
    'others.jsonl',
  )
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toMatch(/^error: first\.jsonl:1: Cannot replay the rollout: no row has the id .*\n\nhint: /)
  expect(readdirSync(place)).toEqual(before)
})

test('LoRA trains an adapter that infer and export understand', async () => {
  expect(await hone('sft', 'sft.json', '--output', 'lora', '--lora-rank', '2')).toMatchObject({ code: 0 })
  expect(readdirSync(join(place, 'lora', 'final')).sort()).toEqual([
    'README.md',
    'adapter_config.json',
    'adapter_model.safetensors',
  ])
  expect(await hone('export', 'lora', '-o', 'merged')).toMatchObject({ code: 0 })
  writeFileSync(join(place, 'ask.jsonl'), '{"prompt": "open the ticket"}\n')
  const ask = async (...model: string[]) =>
    JSON.parse(
      (await hone('infer', ...model, '--input', 'ask.jsonl', '--max-new-tokens', '8', '--device', 'cpu')).stdout,
    )
  const [adapted, merged, base] = [await ask('lora'), await ask('merged'), await ask('model')]
  expect(adapted.output_ids).toEqual(merged.output_ids)
  expect(adapted).toEqual(await ask('model', '--adapter', 'lora/final'))
  expect(adapted.logprobs).not.toEqual(base.logprobs)
})

test('the divergence is that from the model training began with, adapter included', async () => {
  const flags = ['--model', 'lora', '--lora-rank', '2', '--mini-batches', '1', '--steps', '2']
  expect(await hone('train', 'train.json', '--output', 'from-lora', ...flags)).toMatchObject({ code: 0 })
  const [first, second] = readEvents(join(place, 'from-lora', 'events.ndjson')).flatMap((event) =>
    event.type === 'step' ? [event.figures['kl']!] : [],
  )
  expect(
    (await hone('infer', 'from-lora', '--input', 'ask.jsonl', '--max-new-tokens', '2', '--device', 'cpu')).code,
  ).toBe(0)
  expect(Math.abs(first!)).toBeLessThan(1e-6)
  expect(second!).toBeGreaterThan(1e-6)
})

test('the first ratio is one, whatever cut the distribution that was sampled: its log-probs are not those of the policy', async () => {
  const flags = ['--top-k', '2', '--mini-batches', '1', '--steps', '1']
  const moved = async (...more: string[]) => {
    const output = `cut-${more.join('')}`
    expect(await hone('train', 'train.json', '--output', output, ...flags, ...more)).toMatchObject({ code: 0 })
    const [step] = readEvents(join(place, output, 'events.ndjson')).filter((event) => event.type === 'step')
    return Math.abs(step!.figures['ppo_kl']!)
  }
  expect(await moved()).toBeLessThan(1e-6)
  expect(await moved('--old-logprobs', 'sampled')).toBeGreaterThan(1)
})

test('a run whose last update makes weights that are no numbers ends with 1, names a tensor and writes no model', async () => {
  const { code, stderr } = await hone('sft', 'sft.json', '--output', 'nan', '--steps', '1', '--adam-beta2', '1')
  expect(code).toBe(1)
  expect(stderr).toMatch(/error: Cannot go on after step 0: in step 1 model\.\S+ holds values that are not finite/)
  expect(existsSync(join(place, 'nan', 'final'))).toBe(false)
  expect(existsSync(join(place, 'nan', 'checkpoints'))).toBe(false)
})

test('a reward of one’s own is asked about every completion', () => {
  const rows = readFileSync(join(place, 'train-whole', 'rollouts', 'step-000000001.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  expect(rows.length).toBe(9)
  for (const row of rows) {
    const { output, score } = JSON.parse(row)
    expect(score).toBeCloseTo(output.length / 100)
  }
})

test('what a run leaves is as its JSON Schema says', () => {
  const linesOf = (path: string) =>
    readFileSync(join(place, 'train-whole', path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
  expect(errorsOf('run', JSON.parse(readFileSync(join(place, 'train-whole', 'run.json'), 'utf8')))).toEqual([])
  for (const event of linesOf('events.ndjson')) expect(errorsOf('events', event)).toEqual([])
  for (const line of linesOf(join('rollouts', 'step-000000001.jsonl'))) expect(errorsOf('rollouts', line)).toEqual([])
})

test('each mistake ends with exit 2, one line that says where, a hint, and nothing written', async () => {
  writeFileSync(
    join(place, 'broken.jsonl'),
    readFileSync(join(place, 'rows.jsonl'), 'utf8').split('\n').slice(0, 2).join('\n') + '\n{"id": 3,\n',
  )
  writeFileSync(join(place, 'empty.jsonl'), '')
  writeFileSync(join(place, 'unknown.yaml'), 'model: model\n\ngroup_sise: 4\n')
  writeFileSync(join(place, 'type.yaml'), 'model: model\ndata: rows.jsonl\noutput: out\nsteps: many\n')
  mkdirSync(join(place, 'held'))
  writeFileSync(join(place, 'held', 'run.json'), '{}')
  const before = readdirSync(place)
  const mistakes: [string[], RegExp][] = [
    [['train', 'unknown.yaml'], /^error: unknown\.yaml:3: Unknown key: group_sise\n\nhint: .*group_size/],
    [['train', 'type.yaml'], /^error: type\.yaml:4: .*steps/],
    [['train', 'train.json'], /^error: train\.json: Setting "output" is missing\n\nhint: /],
    [['train', 'nowhere.yaml', '--output', 'out'], /^error: .*nowhere\.yaml/],
    [['train', 'train.json', '--output', 'held'], /^error: held: .*already holds one\n\nhint: .*--resume held/],
    [['train', 'train.json', '--output', 'rows.jsonl/out'], /^error: rows\.jsonl\/out: .*is a file/],
    [['train', 'train.json', '--output', 'out', '--model', 'gone'], /^error: gone\/config\.json: .*\n\nhint: /],
    [['train', 'train.json', '--output', 'out', '--data', 'broken.jsonl'], /^error: broken\.jsonl:3:\d+: .*\n\nhint: /],
    [['sft', 'sft.json', '--output', 'out', '--data', 'broken.jsonl'], /^error: broken\.jsonl:3:\d+: .*\n\nhint: /],
    [['sft', 'sft.json', '--output', 'out', '--data', 'empty.jsonl'], /^error: empty\.jsonl: .*empty/],
    [['train', 'train.json', '--output', 'out', '--reward', 'tool-n2'], /^error: Unknown reward.*\n\nhint: .*tool-n1/],
    [
      ['train', 'train.json', '--output', 'out', '--max-completion-length', '600'],
      /^error: .*Context too long.*512 positions\n\nhint: /,
    ],
    [
      ['train', 'train.json', '--output', 'out', '--max-prompt-length', '5'],
      /^error: rows\.jsonl: .*longer than 5 tokens\n\nhint: /,
    ],
    [['train', '--resume', 'nothing'], /^error: nothing: Cannot find a run.*\n\nhint: /],
    [
      ['train', 'train.json', '--resume', 'held'],
      /^error: Cannot resume a run with another configuration file\n\nhint: /,
    ],
    [['sft', '--resume', 'train-whole'], /^error: train-whole: Cannot resume .* a run of train\n\nhint: hone train/],
  ]
  for (const [words, message] of mistakes) {
    const { code, stdout, stderr } = await hone(...words)
    expect(stderr).toMatch(message)
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: '' })
  }
  expect(readdirSync(place)).toEqual(before)
})

// Root may write everywhere.
test.skipIf(process.getuid?.() === 0)(
  'a folder that cannot be written to is refused before the first step',
  async () => {
    mkdirSync(join(place, 'shut'))
    chmodSync(join(place, 'shut'), 0o500)
    expect(await hone('train', 'train.json', '--output', 'shut/run')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('shut/run'),
    })
    expect(readdirSync(join(place, 'shut'))).toEqual([])
  },
)

test('--print-config shows every setting with where it comes from', async () => {
  const { code, stdout } = await hone(
    'train',
    'train.json',
    '--preset',
    'dapo',
    '--output',
    'out',
    '--seed',
    '4',
    '--print-config',
  )
  expect(code).toBe(0)
  expect(stdout).toMatch(/^groupSize +3 +train\.json(:\d+)?$/m)
  expect(stdout).toMatch(/^clipHigh +0\.28 +preset dapo$/m)
  expect(stdout).toMatch(/^seed +4 +--seed$/m)
  expect(stdout).toMatch(/^clipLow +0\.2 +default$/m)
})

test('plan counts what a run will do, and writes nothing', async () => {
  const planOf = async (...words: string[]) => {
    const { code, stdout } = await hone('plan', ...words, '--output', 'planned', '--format', 'json')
    expect(code).toBe(0)
    return JSON.parse(stdout)
  }
  const counts = { rows: 10, rows_left_out: 0, steps: 3, no_effect: [] }
  expect(await planOf('train.json')).toMatchObject({ ...counts, optimizer_steps: 6, completions: 27 })
  expect(await planOf('sft.json')).toMatchObject({ ...counts, optimizer_steps: 3, completions: 0 })
  const [full, lora] = [await planOf('sft.json'), await planOf('sft.json', '--lora-rank', '2')]
  expect(full.trained_parameters).toBe(full.parameters)
  // What is held out is answered between the steps.
  expect(full.memory.cache).toBeGreaterThan(0)
  expect(lora.trained_parameters).toBeLessThan(full.trained_parameters)
  expect(await planOf('train.json')).toMatchObject({ reward: './mine.ts', environment: null, at_most: true })
  expect(full.estimated_seconds).toBeGreaterThan(0)
  expect(existsSync(join(place, 'planned'))).toBe(false)
})

test('plan refuses what would stop the run at its start, with the same message', async () => {
  writeFileSync(join(place, 'broken.ts'), 'export default (')
  writeFileSync(join(place, 'no-rows.jsonl'), '{"id": 3}\n')
  const before = readdirSync(place)
  // A reward of one's own is a program to start.
  const table = ['--reward', 'length:9w']
  const mistakes = [
    ['--reward', 'nope'],
    ['--reward', './broken.ts'],
    ['--reward', './absent.ts'],
    ['--eval-reward', './broken.ts', ...table],
    ['--eval-data', 'absent.jsonl', ...table],
    ['--eval-data', 'no-rows.jsonl', ...table],
    ['--adapter', 'absent', ...table],
    ['--replay', 'absent', ...table],
    ['--env-cmd', 'exit 3', ...table],
  ]
  for (const words of mistakes) {
    const ask = (name: string) => hone(name, 'train.json', '--output', 'out', ...words)
    const [planned, started] = [await ask('plan'), await ask('train')]
    expect(planned).toMatchObject({ code: 2, stdout: '' })
    expect(planned.stderr).toBe(started.stderr)
  }
  // An absent file is the plainer mistake than a prompt form whose answers the reward does not read.
  for (const name of ['absent.jsonl', 'no-rows.jsonl'])
    expect(
      (await hone('plan', 'train.json', '--output', 'out', '--prompt', 'native', '--eval-data', name)).stderr,
    ).toContain(name)
  expect(readdirSync(place)).toEqual(before)
})

test('the settings that plan gives as YAML are the same run', async () => {
  const settings = (await hone('plan', 'sft.json', '--output', 'out', '--format', 'yaml')).stdout
  writeFileSync(join(place, 'back.yaml'), settings)
  expect((await hone('plan', 'back.yaml', '--kind', 'sft', '--format', 'yaml')).stdout).toBe(settings)
})

test('plan says what kind of run it is, also of one that is finished', async () => {
  const { code, stdout, stderr } = await hone('plan', 'sft.json', '--output', 'sft-whole')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^kind +sft: fine-tune a model on right answers, on cpu$/m)
  expect(stderr).toContain('sft-whole holds a run already')
  for (const words of [['--resume', 'sft-whole'], ['sft-whole']])
    expect(await hone('plan', ...words)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kind +sft/) })
})

test('rollouts that are held to their tools are valid, and at the start old log-probs are new ones', async () => {
  config('held.json', {
    ...rl,
    steps: 1,
    promptsPerStep: 1,
    miniBatches: 1,
    maxCompletionLength: 120,
    evalData: [],
    constrain: 'reply',
    reward: 'tool-n1',
    maxFaultShare: 1,
    output: 'held-to-tools',
  })
  const { code, stderr } = await hone('train', 'held.json')
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const figures = readEvents(join(place, 'held-to-tools', 'events.ndjson')).flatMap((event) =>
    event.type === 'step' ? [event.figures] : [],
  )
  expect(Math.abs(figures[0]!['ppo_kl']!)).toBeLessThan(1e-5)
  expect(figures[0]!['constrain/free_format_rate']!).toBeLessThan(0.05)
  const lines = readFileSync(join(place, 'held-to-tools', 'rollouts', 'step-000000001.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const texts = lines.map((line): string => JSON.parse(line).output)
  expect(texts.every((text) => text.startsWith('<think>') || text.startsWith('<tool_call>'))).toBe(true)
})

test('what cannot be held is refused before anything is trained', async () => {
  config('agent.json', { ...rl, constrain: 'calls', agent: 'true', output: 'agent' })
  const refused = await hone('train', 'agent.json')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('Cannot constrain what an agent is answered')
})
