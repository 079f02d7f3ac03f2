// The demonstration from start to end, cut to one small step: it needs nothing beside itself.
import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere, runnerOf } from '../here.ts'
import { describeForms } from '../hone.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-demo-'))
afterAll(() => rmSync(root, { recursive: true }))
const little = [
  '--steps',
  '1',
  '--eval-rows',
  '2',
  '--prompts-per-step',
  '2',
  '--group-size',
  '2',
  '--max-completion-length',
  '32',
]

describeForms((start, form) => {
  const hone = runnerOf(start, form)

  test('a run in an empty folder ends with exact match before and after, once', async () => {
    const cwd = mkdtempSync(join(root, 'empty-'))
    const { code, stdout, stderr } = await hone(['demo', ...little], { cwd })
    expect(stderr).toContain('exact match, greedy')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      before: { exact_match: expect.any(Number) },
      after: {},
      up: expect.any(Number),
    })
    expect(existsSync(join(cwd, 'runs/demo/run/final/model.safetensors'))).toBe(true)
    expect((await hone(['demo', ...little], { cwd })).code).toBe(2)
  }, 300_000)
})

test('the control of more fine-tuning runs on rows of its own', async () => {
  const cwd = mkdtempSync(join(root, 'empty-'))
  const { code, stderr } = await runHere(
    ['demo', '--more-sft', '--steps', '1', '--eval-rows', '2', '--max-completion-length', '32'],
    { cwd },
  )
  expect(stderr).toContain('loss by step')
  expect(code).toBe(0)
}, 300_000)

test('--list names what can be shown with the bars to reach, and what there is not is told', async () => {
  const { code, stdout } = await runHere(['demo', '--list', '--format', 'json'])
  expect(code).toBe(0)
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows[0]).toMatchObject({ name: 'minicall', minutes: expect.any(Number) })
  for (const { name, bars } of rows.slice(1)) expect([name, bars.length > 0]).toEqual([name, true])
  expect(await runHere(['demo', 'minical'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('hone demo --list'),
  })
})
