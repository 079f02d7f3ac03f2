// Runs on another day, in another folder and with changed files: the same bits, or a word on why not.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { readRecord } from '../../src/rundir/run.ts'
import { runHere } from '../here.ts'
import { forms, run } from '../hone.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-resume-'))
const at = (...parts: string[]) => join(place, ...parts)
const settings = {
  preset: 'full',
  model: 'model',
  data: 'rows.jsonl',
  prompt: 'native',
  device: 'cpu',
  threads: 1,
  steps: 4,
  batchSize: 2,
  saveEvery: 2,
  keepCheckpoints: 9,
  learningRate: 0.01,
}
const hone = (words: string[], { cwd = place } = {}) => runHere(words, { cwd })
/** A process has one time zone from its start to its end. */
const honeIn = (TZ: string, words: string[], cwd = place) => run(forms[0]![1], words, { cwd, env: { TZ } })
const weights = (directory: string) => Bun.hash(readFileSync(at(directory, 'final', 'model.safetensors')))

/** A copy of a finished run as it was after step 2. */
function halfway(from: string, to: string): void {
  cpSync(at(from), at(to), { recursive: true })
  rmSync(at(to, 'final'), { recursive: true })
  rmSync(at(to, 'checkpoints', 'step-000000004'), { recursive: true })
}

beforeAll(async () => {
  writeTinyModel(at('model'))
  const template = readFileSync(at('model', 'chat_template.jinja'), 'utf8')
  writeFileSync(at('model', 'chat_template.jinja'), `{{ strftime_now('%d %b %Y') }}${template}`)
  writeFileSync(at('rows.jsonl'), toLines(taskRows(6)))
  writeFileSync(at('sft.json'), JSON.stringify(settings))
  // These time zones are 26 hours apart: it is never the same day in both.
  const whole = honeIn('Etc/GMT+12', ['sft', 'sft.json', '--output', 'whole', '--save-every', '2'])
  expect(whole).toMatchObject({ code: 0 })
})
afterAll(() => rmSync(place, { recursive: true }))

test('a run whose template tells the day is resumed on another day, from another folder, to the same weights', async () => {
  halfway('whole', 'again')
  mkdirSync(at('elsewhere'))
  const resumed = honeIn('Pacific/Kiritimati', ['sft', '--resume', at('again')], at('elsewhere'))
  expect(resumed).toMatchObject({ code: 0 })
  expect(resumed.stderr).not.toContain('warning')
  expect(weights('again')).toBe(weights('whole'))
})

test('a run that guesses by the answers of its epoch before guesses so when it is resumed: the same bits were read together', async () => {
  const { batchSize: _, preset: __, ...common } = settings
  const sampling = { promptsPerStep: 3, groupSize: 4, maxPromptLength: null, maxCompletionLength: 24, temperature: 0.5 }
  writeFileSync(at('train.json'), JSON.stringify({ ...common, ...sampling }))
  expect(await hone(['train', 'train.json', '--output', 'guessing', '--max-fault-share', '1'])).toMatchObject({
    code: 0,
  })
  const [events, last] = [['events.ndjson'], ['rollouts', 'step-000000004.jsonl']]
  const text = (run: string, parts: string[]) => readFileSync(at(run, ...parts), 'utf8')
  expect(text('guessing', events)).toContain('rollout/drafts_accepted')
  halfway('guessing', 'guessing-again')
  rmSync(at('guessing-again', ...last))
  expect(await hone(['train', '--resume', 'guessing-again'])).toMatchObject({ code: 0 })
  expect(text('guessing-again', last)).toBe(text('guessing', last))
  const accepted = (run: string) => /"step":4,.*"rollout\/drafts_accepted":([^,}]*)/.exec(text(run, events))![1]
  expect(accepted('guessing-again')).toBe(accepted('guessing'))
  expect(weights('guessing-again')).toBe(weights('guessing'))
})

test('a run that trains on what its sampling computed is resumed to the same bits', async () => {
  const { batchSize: _, preset: __, ...common } = settings
  const sampling = { promptsPerStep: 3, groupSize: 4, maxPromptLength: null, maxCompletionLength: 24, temperature: 1 }
  writeFileSync(at('kept.json'), JSON.stringify({ ...common, ...sampling, miniBatches: 1 }))
  expect(await hone(['train', 'kept.json', '--output', 'kept', '--max-fault-share', '1'])).toMatchObject({ code: 0 })
  halfway('kept', 'kept-again')
  expect(await hone(['train', '--resume', 'kept-again'])).toMatchObject({ code: 0 })
  expect(weights('kept-again')).toBe(weights('kept'))
})

test('a run is asked in the form that it was trained in on another day too', async () => {
  const ask = [
    'eval',
    '--bench',
    'rows',
    '--data',
    'rows.jsonl',
    '--model',
    'whole',
    '--max-new-tokens',
    '2',
    '--limit',
    '1',
    '--parser',
    'tool-n1',
  ]
  const asked = honeIn('Pacific/Kiritimati', [...ask, '--device', 'cpu'])
  expect(asked).toMatchObject({ code: 0 })
  expect(asked.stderr).not.toContain('warning')
})

test('an adapter is found again from any folder, and where run and model moved together', async () => {
  mkdirSync(at('lab'))
  cpSync(at('model'), at('lab', 'model'), { recursive: true })
  cpSync(at('rows.jsonl'), at('lab', 'rows.jsonl'))
  const flags = ['--output', 'runs/lora', '--lora-rank', '2']
  expect(await hone(['sft', '../sft.json', ...flags], { cwd: at('lab') })).toMatchObject({ code: 0 })
  const { base_model_name_or_path: base } = JSON.parse(
    readFileSync(at('lab', 'runs', 'lora', 'final', 'adapter_config.json'), 'utf8'),
  )
  expect(base).toBe(at('lab', 'model'))
  const ask = (path: string) =>
    hone(['infer', path, '--input', at('ask.jsonl'), '--device', 'cpu', '--max-new-tokens', '2'])
  writeFileSync(at('ask.jsonl'), '{"prompt": "open"}\n')
  const here = await ask('lab/runs/lora')
  expect(here.code).toBe(0)
  renameSync(at('lab'), at('moved'))
  expect(await ask('moved/runs/lora')).toMatchObject({ code: 0, stdout: here.stdout })
  expect((await hone(['export', 'moved/runs/lora', '-o', 'merged'])).code).toBe(0)
  renameSync(at('moved', 'model'), at('base'))
  expect((await ask('moved/runs/lora')).stderr).toMatch(
    /Cannot find the model that the run .* began with\n\nhint: .*--base/,
  )
  const words = ['--input', at('ask.jsonl'), '--device', 'cpu', '--max-new-tokens', '2', '--base', 'base']
  expect(await hone(['infer', 'moved/runs/lora', ...words])).toMatchObject({ code: 0, stdout: here.stdout })
  expect((await hone(['export', 'moved/runs/lora', '-o', 'merged-again', '--base', 'base'])).code).toBe(0)
})

test('a flag given at a resume is said once and holds at the next one, in the record and on the card', async () => {
  halfway('whole', 'flagged')
  const { stderr } = await hone(['sft', '--resume', 'flagged', '--learning-rate', '0.02', '--steps', '3'])
  expect(stderr).toContain('warning: goes on with another learningRate (--learning-rate)')
  const { settings, origins } = readRecord(at('flagged'))
  expect(settings).toMatchObject({ learningRate: 0.02, steps: 3, batchSize: 2, preset: 'full' })
  expect(origins).toMatchObject({ learningRate: '--learning-rate', batchSize: expect.stringContaining('sft.json') })
  expect(readFileSync(at('flagged', 'final', 'README.md'), 'utf8')).toContain(
    '| learningRate | 0.02 | --learning-rate |',
  )
  rmSync(at('flagged', 'final'), { recursive: true })
  expect((await hone(['sft', '--resume', 'flagged'])).stderr).not.toContain('another')
})

test('data that changed since the checkpoint is said', async () => {
  halfway('whole', 'other-data')
  const rows = readFileSync(at('rows.jsonl'))
  writeFileSync(at('rows.jsonl'), toLines(taskRows(7)))
  const { code, stderr } = await hone(['sft', '--resume', 'other-data'])
  writeFileSync(at('rows.jsonl'), rows)
  expect(code).toBe(0)
  expect(stderr).toContain('warning: data changed since the checkpoint: the run will not end as it would have')
})

test('a checkpoint whose state was changed, or of another run, is passed over by name', async () => {
  const other = await hone(['sft', 'sft.json', '--output', 'other', '--seed', '7'])
  expect(other.code).toBe(0)
  halfway('whole', 'swapped')
  cpSync(at('other', 'checkpoints', 'step-000000004'), at('swapped', 'checkpoints', 'step-000000004'), {
    recursive: true,
  })
  const swapped = await hone(['sft', '--resume', 'swapped'])
  expect(swapped.stderr).toMatch(/warning: checkpoint .*step-000000004 is one of another run and was passed over/)
  expect(weights('swapped')).toBe(weights('whole'))

  halfway('whole', 'edited')
  const state = at('edited', 'checkpoints', 'step-000000002', 'state.json')
  writeFileSync(state, readFileSync(state, 'utf8').replace('"position": 4', '"position": 5'))
  expect(await hone(['sft', '--resume', 'edited'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: .*: Cannot go on from any of 1 checkpoints: .*is damaged \(state\.json\)/m),
  })
})

test('final/ holds what was trained; another type is written where it is asked for, and config.json says so', async () => {
  const typeOf = (folder: string) => {
    const file = openSafetensors(at(folder, 'model.safetensors'))
    file.close()
    const { torch_dtype, dtype } = JSON.parse(readFileSync(at(folder, 'config.json'), 'utf8'))
    return [file.entries.get('model.norm.weight')!.type, dtype ?? torch_dtype]
  }
  expect((await hone(['export', 'whole', '-o', 'half', '--dtype', 'bf16'])).code).toBe(0)
  expect(typeOf('half')).toEqual(['BF16', 'bfloat16'])
  expect(typeOf('whole/final')).toEqual(['F32', 'float32'])
  expect((await hone(['sft', 'sft.json', '--model', 'half', '--steps', '1', '--output', 'from-half'])).code).toBe(0)
  expect(typeOf('from-half/final')).toEqual(['F32', 'float32'])
  expect((await hone(['sft', 'sft.json', '--save-dtype', 'bf16', '--steps', '1', '--output', 'to-half'])).code).toBe(0)
  expect(typeOf('to-half/final')).toEqual(['BF16', 'bfloat16'])
})
