// What a run is asked with and judged by has a short name that changes with each of them, and only with them.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { formatOf, promptForm } from '../../src/dialogue/prompt.ts'
import { trainingProtocol } from '../../src/job/protocol.ts'
import { writeTinyTokenizer, TINY_TEMPLATE } from '../tiny-tokenizer.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-protocol-'))
afterAll(() => rmSync(root, { recursive: true }))
const tokenizer = await loadTokenizer(writeTinyTokenizer(join(root, 'tiny'), { 'chat_template.jinja': TINY_TEMPLATE }))
const recipe = { reward: 'tool-n1', evalReward: 'tool-n1', rewardMode: 'compat' } as const
const named = (change: Partial<Record<keyof typeof recipe, string>> = {}, form = 'tool-n1') =>
  trainingProtocol({ ...recipe, ...change } as typeof recipe, {
    form: promptForm(form),
    format: formatOf(promptForm(form), tokenizer),
    tokenizer,
  })

test('the same prompt, parser and reward have the same name, whatever they are for', () => {
  expect(named()).toEqual(named())
  expect(named()['reward']).toBe(named()['evalReward']!)
})

test('another prompt form, reward, mode or reader has another name', () => {
  const first = named()
  expect(named({}, 'native')['prompt']).not.toBe(first['prompt']!)
  expect(named({ reward: 'toolrl' })['reward']).not.toBe(first['reward']!)
  expect(named({ reward: 'format:hermes' })['reward']).not.toBe(named({ reward: 'format' })['reward']!)
  expect(named({ rewardMode: 'strict' })['reward']).not.toBe(first['reward']!)
})

test("a user's reward is named by what its file says", () => {
  const file = join(root, 'mine.ts')
  writeFileSync(file, 'export default () => 1\n')
  const before = named({ reward: file })['reward']!
  expect(named({ reward: file })['reward']).toBe(before)
  writeFileSync(file, 'export default () => 0\n')
  expect(named({ reward: file })['reward']).not.toBe(before)
})
