// Shims for verl and TRL, called the way their documentation calls a reward; and the starter of a user's own.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '../here.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'hone-shim-'))
afterAll(() => rmSync(folder, { recursive: true }))
const testPython = test.skipIf(Bun.which('python3') === null)

const python = (text: string): unknown => {
  const { stdout, stderr, exitCode } = Bun.spawnSync(['python3', '-c', text], { cwd: folder })
  if (exitCode !== 0) throw new Error(stderr.toString())
  return JSON.parse(stdout.toString())
}

/** Write the file by which a trainer asks hone. Returns the exit code. */
const give = async (reward: string, trainer: string, name: string): Promise<number> =>
  (await runHere(['export', '--reward', reward, '--for', trainer, '-o', join(folder, name)])).code

const PRELUDE = `
import json
gold = '[{"name": "f", "arguments": {"x": 5.0}}]'
right = '<think>t</think><tool_call>[{"name": "f", "arguments": {"x": 5.0}}]</tool_call>'
wrong = right.replace('5.0', '5')
broken = '<think>t</think><tool_call>5</tool_call>'
`

testPython("verl's custom_reward_function gives the published values, a fault as 0", async () => {
  expect(await give('tool-n1', 'verl', 'for_verl.py')).toBe(0)
  const call = (text: string) =>
    `compute_score(data_source="toolcall", solution_str=${text}, ground_truth=gold, extra_info={"split": "train", "index": 0})`
  const scores = python(
    `${PRELUDE}\nfrom for_verl import compute_score\nprint(json.dumps([${['right', 'wrong', 'broken'].map(call).join(', ')}]))`,
  )
  expect(scores).toEqual([
    { score: 1, fault: 0 },
    { score: 0, fault: 0 },
    { score: 0, fault: 1 },
  ])
})

testPython("TRL's reward function takes plain and conversational completions and the dataset's columns", async () => {
  expect(await give('toolrl:schedule', 'trl', 'for_trl.py')).toBe(0)
  const scores = python(`
import json
from types import SimpleNamespace
from for_trl import hone_reward
gold = '<think> t </think>\\n<tool_call>\\n{"name": "f", "parameters": {}}\\n</tool_call>'
state = SimpleNamespace(global_step=150)
chat = [{"role": "assistant", "content": gold}]
print(json.dumps([
  hone_reward(prompts=["p", "p"], completions=[gold, "no"], completion_ids=[[1], [2]], ground_truth=[gold, gold], trainer_state=state),
  hone_reward(prompts=["p"], completions=[chat], answer=[[{"name": "f", "arguments": {}}]]),
]))`)
  expect(scores).toEqual([[4, -4], [4]])
})

testPython('the files hand on every column of a row, and say where the reward does not apply', async () => {
  const reward = join(folder, 'columns.ts')
  writeFileSync(reward, 'export default ({ level }: any) => (level === null ? { score: null } : level)')
  for (const trainer of ['trl', 'verl']) expect(await give(reward, trainer, `columns_${trainer}.py`)).toBe(0)
  const scores = python(`
import json
from columns_trl import hone_reward
from columns_verl import compute_score
parts = [[{"role": "assistant", "content": [{"type": "text", "text": "x"}]}], [{"role": "assistant", "content": None}], [{"role": "assistant"}]]
print(json.dumps([
  hone_reward(prompts=["p"] * 3, completions=parts, answer=["[]"] * 3, level=[3, None, 0.5], when=[object()] * 3),
  compute_score("d", "text", "[]", {"level": 2}),
  compute_score("d", "text", "[]", {"level": None}),
]))`)
  expect(scores).toEqual([[3, null, 0.5], { score: 2, fault: 0 }, { score: 0, fault: 0 }])
})

testPython(
  'what the model said is judged, its calls in messages too; verl may ask for a batch; a bad row is a fault',
  async () => {
    for (const trainer of ['trl', 'verl']) expect(await give('tool-n1', trainer, `shapes_${trainer}.py`)).toBe(0)
    const scores = python(`${PRELUDE}
from shapes_trl import hone_reward, ask
from shapes_verl import compute_score
class Array:
    def tolist(self): return [{"name": "f", "arguments": {"x": 5.0}}]
call = {"type": "function", "function": {"name": "f", "arguments": {"x": 5.0}}}
calls = {"role": "assistant", "content": None, "reasoning_content": "t", "tool_calls": [call]}
print(json.dumps([
  hone_reward(completions=[[calls], [{"role": "assistant", "content": right}, {"role": "tool", "content": "12"}], [{"role": "tool", "content": right}], [{"role": "assistant", "tool_calls": [5]}]], answer=[gold] * 4, prompts=["p"] * 4, score=[float("nan")] * 4),
  hone_reward(completions=[right], ground_truth=[Array()]),
  compute_score(data_sources=["d"] * 2, solution_strs=[right, wrong], ground_truths=[gold] * 2, extra_infos=[None, {"index": 1}], reward_router_address=None),
  [verdict["fault"] for verdict in ask([{"completion": right}, {"completion": right, "ground_truth": gold}])],
]))`)
    const result = (score: number) => ({ score, fault: 0 })
    expect(scores).toEqual([[1, 1, 0, 0], [1], [result(1), result(0)], ['NotARow', null]])
  },
)

test('a trainer or reward that does not exist is refused', async () => {
  expect(await give('tool-n9', 'verl', 'none.py')).toBe(2)
  expect((await runHere(['export', '--reward', 'tool-n1', '-o', '-'])).stderr).toContain('--for is missing')
})
