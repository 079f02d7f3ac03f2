// Evaluation of rows by a reward, and of answers whose thoughts are ended at a budget.
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHere } from '../../here.ts'
import { writeSayingModel } from '../../saying-model.ts'
import { scratch } from '../../scratch.ts'

const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const row = (id: string, truth: string) => ({
  id,
  source: 'test',
  messages: [{ role: 'user', content: 'How long?' }],
  tools: [],
  answer: [],
  ground_truth: truth,
})

/** It thinks for three tokens and says long; where its thought is ended it says short. */
function place() {
  const folder = scratch()
  const model = writeSayingModel(
    join(folder, 'model'),
    ['<think>', 'one ', 'two ', '</think>', '<answer>long</answer>'],
    { after: { '</think>!': ['<answer>short</answer>'] } },
  )
  const data = join(folder, 'rows.jsonl')
  writeFileSync(data, [row('a', 'long'), row('b', 'short')].map((each) => `${JSON.stringify(each)}\n`).join(''))
  const words = ['eval', '--bench', 'rows', '--data', data, '--model', model, '--prompt', 'native', '--device', 'cpu']
  return { folder, words: [...words, '--max-new-tokens', '16', '--reward', 'exact', '--format', 'ndjson'] }
}

test('a reward judges text answers, which make no calls', async () => {
  const { words } = place()
  const { code, stdout, stderr } = await runHere(words)
  expect(code).toBe(0)
  expect(rowsOf(stdout).map(({ id, verdict, reward }) => ({ id, verdict, reward }))).toEqual([
    { id: 'a', verdict: true, reward: 1 },
    { id: 'b', verdict: false, reward: 0 },
  ])
  expect(stderr).toMatch(/right +50\.00 %/)
})

test('a thought is ended at its budget and answered; one that is done before is as without a budget', async () => {
  const { folder, words } = place()
  const ended = [...words, '--think-budget', '2,8,4', '--think-end', '</think>!', '--save', join(folder, 'saved.jsonl')]
  const { code, stdout, stderr } = await runHere(ended)
  expect(code).toBe(0)
  const rows = rowsOf(stdout)
  const whole = '<think>one two </think><answer>long</answer>'
  expect(rows.map(({ id, budget, response }) => [id, budget, response])).toEqual([
    ...['a', 'b'].map((id) => [id, 2, '<think>one </think>!<answer>short</answer>']),
    ...['a', 'b'].map((id) => [id, 4, whole]),
    ...['a', 'b'].map((id) => [id, 8, whole]),
  ])
  expect(rows.map(({ verdict }) => verdict)).toEqual([false, true, true, false, true, false])
  expect(stderr).toMatch(/thought of 2 tokens +1\/2 +50\.00 %/)
  expect(stderr).toContain('right, thought of 8 tokens')
  // Each budget has answers of its own in the file.
  const again = await runHere(ended)
  expect(again.stdout).toBe(stdout)
  expect(readFileSync(join(folder, 'saved.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(6)
})

test('budgets and rewards are of hone rows and of models that are here', async () => {
  const { words } = place()
  const refused: [string[], string][] = [
    [
      ['eval', '--bench', 'bfcl', '--data', '.', '--responses', 'r.jsonl', '--reward', 'exact'],
      'they need --bench rows',
    ],
    [
      ['eval', '--bench', 'rows', '--data', '.', '--responses', 'r.jsonl', '--think-budget', '4'],
      '--think-budget needs --model',
    ],
    [[...words, '--think-budget', '0'], '--think-budget must be an integer from 1'],
  ]
  for (const [words, said] of refused)
    expect(await runHere(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
})
