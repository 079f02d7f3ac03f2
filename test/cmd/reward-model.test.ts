// A reward model from pairs to scores: trained whole or with LoRA, saved for other programs, and used as a reward.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../src/gpu/device/open.ts'
import { withEnd } from '../../src/gpu/policy/batch.ts'
import { openScorer } from '../../src/gpu/policy/scorer.ts'
import { openSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { ended, promptForms, promptIds } from '../../src/dialogue/prompt.ts'
import { runHere } from '../here.ts'
import { forms, run } from '../hone.ts'
import { taskPairs, taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(120_000)
const place = mkdtempSync(join(tmpdir(), 'hone-reward-model-'))
const at = (...parts: string[]) => join(place, ...parts)
const hone = (words: string[], input = '') => runHere(words, { cwd: place, input })
const learn = ['--model', 'model', '--data', 'pairs.jsonl', '--prompt', 'native', '--device', 'cpu', '--lr', '0.02']
const row = taskRows(1)[0]!
const scored = ['no tool fits', '<tool_call>[]</tool_call>'].map((completion) => ({ ...row, completion }))
const score = (reward: string, rows: object[] = scored) => hone(['score', '-', '--reward', reward], toLines(rows))
const scoresOf = ({ stdout }: { stdout: string }): number[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).score)

beforeAll(async () => {
  writeTinyModel(at('model'))
  writeFileSync(at('pairs.jsonl'), toLines(taskPairs(12)))
  writeFileSync(at('rows.jsonl'), toLines(taskRows(6)))
  for (const [output, rank] of [
    ['whole', '0'],
    ['lora', '4'],
  ] as const) {
    const words = [
      'rm',
      ...learn,
      '--eval-data',
      'pairs.jsonl',
      '--steps',
      '4',
      '--output',
      output,
      '--lora-rank',
      rank,
    ]
    expect(await hone(words)).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('accuracy ') })
  }
})
afterAll(() => rmSync(place, { recursive: true }))

test('it is left as a folder for sequence classification, with one label and a padding that ends no text', () => {
  for (const name of ['whole', 'lora']) {
    const config = JSON.parse(readFileSync(at(name, 'final', 'config.json'), 'utf8'))
    expect(config).toMatchObject({
      architectures: ['Qwen2ForSequenceClassification'],
      id2label: { 0: 'LABEL_0' },
      pad_token_id: expect.any(Number),
    })
    expect(config.pad_token_id).not.toBe(config.eos_token_id)
    const file = openSafetensors(at(name, 'final', 'model.safetensors'))
    file.close()
    expect(file.entries.get('score.weight')!.shape).toEqual([1, 16])
    expect(file.entries.has('lm_head.weight')).toBe(false)
  }
})

test('an adapter of it holds the whole head, as modules_to_save', async () => {
  expect((await hone(['export', 'lora', '--adapter', '-o', 'adapter'])).code).toBe(0)
  expect(JSON.parse(readFileSync(at('adapter', 'adapter_config.json'), 'utf8'))).toMatchObject({
    task_type: 'SEQ_CLS',
    modules_to_save: ['score'],
  })
  const file = openSafetensors(at('adapter', 'adapter_model.safetensors'))
  file.close()
  expect(file.entries.has('base_model.model.score.weight')).toBe(true)
})

test.each(['whole', 'lora', 'whole/final'])(
  'score gives the values of the head at the end of each text: %s',
  async (path) => {
    const found = await score(`model:${path}`)
    expect(found.code).toBe(0)
    const tokenizer = await loadTokenizer(at('model'))
    const scorer = openScorer(await openDevice('cpu'), at(path.replace('/final', ''), 'final'))
    const prompt = promptIds(promptForms.native, row, tokenizer)
    const values = scorer.values([
      { prompt, completions: scored.map(({ completion }) => withEnd(ended(tokenizer.encode(completion), tokenizer))) },
    ])
    scorer.free()
    scoresOf(found).forEach((value, i) => expect(value).toBeCloseTo(values[0]![i]!.at(-1)!, 5))
  },
)

test('rows need no right answer, but what was asked; a folder without such a model is refused', async () => {
  const { answer: _, ...unanswered } = scored[0]!
  expect(scoresOf(await score('model:whole', [unanswered]))).toEqual(scoresOf(await score('model:whole')).slice(0, 1))
  const { stdout } = await score('model:whole', [{ completion: 'a' }, scored[0]!])
  expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ score: 0, fault: 'NoPrompt' })
  expect(await score('model:model')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Qwen2ForCausalLM has a language head, and a scalar head is needed'),
  })
  expect(await score('model:nowhere')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no such folder'),
  })
})

test('serve-reward answers with it, and train learns from it and is resumed from another folder', async () => {
  const { stdout } = run(forms[0]![1], ['serve-reward', 'model:whole', '--stdio'], {
    cwd: place,
    input: toLines(scored),
  })
  expect(scoresOf({ stdout })).toEqual(scoresOf(await score('model:whole')))
  const words = ['train', '--model', 'model', '--data', 'rows.jsonl', '--prompt', 'native', '--reward', 'model:whole']
  const sizes = ['--steps', '2', '--prompts-per-step', '2', '--group-size', '3', '--mini-batches', '1']
  const lengths = ['--max-prompt-length', 'null', '--max-completion-length', '6', '--device', 'cpu']
  expect(await hone([...words, ...sizes, ...lengths, '--output', 'rl'])).toMatchObject({ code: 0 })
  const rows = readFileSync(at('rl', 'rollouts', 'step-000000001.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  const rewards = rows.map((line) => JSON.parse(line).reward)
  expect(new Set(rewards).size).toBeGreaterThan(1)
  expect(JSON.parse(readFileSync(at('rl', 'run.json'), 'utf8')).settings.reward).toBe(`model:${at('whole')}`)
})
