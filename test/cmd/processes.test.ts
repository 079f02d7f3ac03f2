// A run in several processes, as a user starts it: it comes to what one process comes to, and a process that dies ends it in words.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { createExchange } from '../../src/gpu/crew/exchange.ts'
import { deviceAt } from '../../src/gpu/device/spec.ts'
import { openSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { startProcess } from '../../src/job/train/processes.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import { readEvents } from '../../src/rundir/run.ts'
import { runHere } from '../here.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-processes-'))
const at = (...parts: string[]) => join(place, ...parts)
const settings = {
  model: 'model',
  data: 'rows.jsonl',
  prompt: 'native',
  device: 'cpu',
  threads: 1,
  steps: 2,
  promptsPerStep: 2,
  groupSize: 2,
  miniBatches: 1,
  maxPromptLength: null,
  maxCompletionLength: 8,
  temperature: 1,
  learningRate: 0.01,
  // Random weights earn nothing: this is what they learn by.
  entropyCoefficient: 0.1,
  maxFaultShare: 1,
  saveEvery: 1,
  keepCheckpoints: 9,
}
const hone = (...words: string[]) => runHere(words, { cwd: place })
const tensor = (run: string) => openSafetensors(at(run, 'final', 'model.safetensors'))
const weights = (run: string) => {
  const file = tensor(run)
  return [...file.entries.keys()].flatMap((name) => [...file.floats(name)])
}
const rolledOut = (run: string, step: number): { output_ids: number[] }[] =>
  readFileSync(at(run, 'rollouts', `step-00000000${step}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const figures = (run: string) =>
  readEvents(at(run, 'events.ndjson')).flatMap((event) => (event.type === 'step' ? [event.figures] : []))

beforeAll(async () => {
  writeTinyModel(at('model'))
  writeFileSync(at('rows.jsonl'), toLines(taskRows(4)))
  writeFileSync(at('train.json'), JSON.stringify(settings))
  expect(await hone('train', 'train.json', '--output', 'two', '--processes', '2')).toMatchObject({ code: 0 })
})
afterAll(() => rmSync(place, { recursive: true }))

test('two processes come to the ids, the figures and, but for rounding, the weights of one', async () => {
  expect(await hone('train', 'train.json', '--output', 'one')).toMatchObject({ code: 0 })
  for (const step of [1, 2])
    expect(rolledOut('two', step).map((row) => row.output_ids)).toEqual(
      rolledOut('one', step).map((row) => row.output_ids),
    )
  for (const name of ['loss', 'grad_norm', 'entropy', 'reward'])
    figures('two').forEach((each, i) => expect(each[name]!).toBeCloseTo(figures('one')[i]![name]!, 5))
  const wanted = weights('one')
  const apart = weights('two').map((value, i) => Math.abs(value - wanted[i]!))
  expect(apart.reduce((most, each) => Math.max(most, each))).toBeLessThan(1e-4)
})

// Linux says which processes a process has started.
const children = `/proc/self/task/${process.pid}/children`
test.skipIf(!existsSync(children))(
  'a process that is killed ends the run with a word on which and how; resumed, it comes to the bits of the run that was not',
  async () => {
    cpSync(at('two'), at('killed'), { recursive: true })
    rmSync(at('killed', 'final'), { recursive: true })
    rmSync(at('killed', 'checkpoints', 'step-000000002'), { recursive: true })
    const isOfRun = (pid: string) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes('HONE_JOIN=1')
      } catch {
        return false
      }
    }
    const begins = () => readFileSync(at('killed', 'events.ndjson'), 'utf8').split('"type":"start"').length - 1
    const kill = () => begins() === 2 && found().forEach((pid) => process.kill(Number(pid), 'SIGKILL'))
    const found = () =>
      readFileSync(children, 'utf8')
        .trim()
        .split(' ')
        .filter((pid) => pid !== '' && isOfRun(pid))
    /** Those of the run that are there still: one that was killed takes a moment to be gone. */
    const left = async () => {
      for (let waited = 0; waited < 5000 && found().length > 0; waited += 20) await Bun.sleep(20)
      return found()
    }
    const killer = setInterval(kill, 5)
    const ended = await hone('train', '--resume', 'killed').finally(() => clearInterval(killer))
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/Process 2 of 2 \(cpu, pid \d+\) was killed by SIGKILL/)
    expect(begins()).toBe(2)
    expect(existsSync(at('killed', 'final'))).toBe(false)
    expect(await left()).toEqual([])
    expect(await hone('train', '--resume', 'killed')).toMatchObject({ code: 0 })
    expect(weights('killed')).toEqual(weights('two'))
    expect(await left()).toEqual([])
  },
)

test('the plan says what each process needs', async () => {
  const { code, stdout } = await hone('plan', 'train.json', '--output', 'three', '--processes', '3')
  expect(code).toBe(0)
  expect(stdout).toContain('on cpu in 3 processes')
  expect(stdout).toContain('memory of each process, about')
})

test('what another process cannot open ends the run, and says which process it was', async () => {
  expect(deviceAt(2, 'cuda:1')).toBe('cuda:3')
  const recipe = { ...settings, model: at('nowhere') }
  const joining = { recipe: v.parse(TrainRecipe, { ...recipe, output: 'x' }), device: 'cpu', place: 1 } as const
  const exchange = createExchange(2)
  const other = startProcess(
    { ...joining, options: { reference: false, head: 'language' } },
    exchange,
    'Process 2 of 2',
  )
  await expect(other.opened).rejects.toMatchObject({
    message: 'Process 2 of 2 (cpu): Cannot read the model: there is no such file',
  })
  other.end()
  exchange.close()
})
