// What rewards import from hone: calls compared as they were written, though plain JavaScript does not tell 5 from 5.0.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { loadReward } from '../../src/reward/user-reward.ts'
import { parseJson } from '../../src/text/json.ts'
import { scratch } from '../scratch.ts'

const scoreOf = async (body: string, completion: string, answer: string) => {
  const path = join(scratch(), 'reward.ts')
  writeFileSync(path, `import { parse, readCalls, sameCalls } from 'hone'\nexport default (row) => ${body}`)
  const reward = await loadReward(path)
  const row = parseJson(`{"completion": ${JSON.stringify(completion)}, "answer": ${answer}}`)
  return (await reward(row)).score
}
const block = (body: string) => `<think>t</think><tool_call>${body}</tool_call>`
const same = 'sameCalls(parse(row.completion).calls, row.answer) ? 1 : 0'

test('calls are the same in any order, and numbers as they were written', async () => {
  const [a, b] = ['{"name":"f","arguments":{"x":5.0}}', '{"name":"g","arguments":{"y":[1,null]}}']
  expect(await scoreOf(same, block(`[${a},${b}]`), `[${b},${a}]`)).toBe(1)
  expect(await scoreOf(same, block(`[${a.replace('5.0', '5')}]`), `[${a}]`)).toBe(0)
  expect(await scoreOf(same, block(`[${a}]`), `[${a},${a}]`)).toBe(0)
  expect(await scoreOf('parse(row.completion).calls[0].arguments.x', block(`[${a}]`), '[]')).toBe(5)
})

test('a list of calls is read strictly: a key that stands twice, and what is no list, is refused', async () => {
  const strict = '{ try { return readCalls(row.completion).length } catch { return -1 } }'
  const count = (text: string) => scoreOf(`(() => ${strict})()`, text, '[]')
  expect(await count('[{"name":"f","arguments":{"x":[{"a":1}]}}]')).toBe(1)
  expect(await count('[]')).toBe(0)
  for (const text of [
    '[{"name":"f","name":"f","arguments":{}}]',
    '[{"name":"f","arguments":{"x":1,"x":1}}]',
    '{}',
    '[1]',
    '',
  ])
    expect(await count(text)).toBe(-1)
})
