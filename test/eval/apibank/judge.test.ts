// API-Bank's scores in ToolRL's form, over all lines of the shared file.
import { expect, test } from 'bun:test'
import { offersItsTool } from '../../../src/eval/apibank/bench.ts'
import { judgeApiBank, readApiBank, type ApiBankRow } from '../../../src/eval/apibank/judge.ts'
import { isObject } from '../../../src/text/json.ts'
import { readRecords } from '../../../src/text/jsonl.ts'
import { sharedPath } from '../../shared.ts'

const row: ApiBankRow = {
  id: 'Level1_0',
  level: 1,
  system: '',
  user: '',
  answer: { name: 'f', parameters: { a: '1' } },
}

test('one right line is enough, and a line that is no container ends the search', () => {
  const score = (response: string) => judgeApiBank(row, response).score
  const right = '{"name": "f", "parameters": {"a": "1"}}'
  expect(score(`<tool_call>\nnot json\n${right}\n</tool_call>`)).toBe(1)
  expect(score(`<tool_call>\nnull\n${right}\n</tool_call>`)).toBe(0)
  expect(score('{"a": "1"}')).toBe(1)
  expect(score('{"name": "f", "parameters": {"a": 1}}')).toBe(0)
  expect(score('["name", "parameters"]\n' + right)).toBe(0)
  expect(score(`<tool_call>${right}</tool_call><tool_call>{}</tool_call>`)).toBe(0)
})

const lines = sharedPath('verdicts', 'apibank_toolrl.jsonl.gz')
const folder = sharedPath('data', 'apibank_toolrl')

test.skipIf(!lines || !folder)('every line of the shared scores agrees', async () => {
  const rows = await readApiBank(folder!)
  const wrong: unknown[] = []
  let compared = 0
  for await (const { line, value } of readRecords(lines!)) {
    if (!isObject(value)) throw new Error(`line ${line} is no object`)
    compared++
    const found = rows.get(String(value['id']))
    if (!found) throw new Error(`line ${line} names an unknown row`)
    const { score } = judgeApiBank(found, value['response'] ?? null)
    if (score !== value['score']) wrong.push({ line, score, value })
  }
  expect(compared).toBeGreaterThan(3000)
  expect(wrong).toEqual([])
})

test.skipIf(!folder)('six rows, all of level 2, expect a tool that their prompt does not list', async () => {
  const absent = [...(await readApiBank(folder!)).values()].filter((each) => !offersItsTool(each))
  expect(absent.map(({ level }) => level)).toEqual([2, 2, 2, 2, 2, 2])
})
