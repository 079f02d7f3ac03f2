// hone init: every set of files works as it is, its rewards and their tests with hone alone.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHere } from '../here.ts'
import { describeForms, run } from '../hone.ts'
import { scratch } from '../scratch.ts'

setDefaultTimeout(60_000)

const begin = async (...words: string[]) => {
  const cwd = scratch()
  expect(await runHere(['init', ...words], { cwd })).toMatchObject({ code: 0, stdout: '' })
  return { cwd, hone: (...rest: string[]) => runHere(rest, { cwd }) }
}

test('rows are clean, and raw ones become rows', async () => {
  const { cwd, hone } = await begin('data')
  expect(await hone('lint', 'rows.jsonl', 'openai.jsonl')).toMatchObject({ code: 0, stdout: '' })
  expect((await hone('prep', 'openai.jsonl', '-o', 'prepared.jsonl')).code).toBe(0)
  expect(readFileSync(join(cwd, 'prepared.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2)
})

test('no two rows to try an environment on ask the same', async () => {
  const { hone } = await begin('env')
  const { stdout } = await hone('lint', 'rows.jsonl', '--exit-zero')
  expect(stdout).not.toContain('HN601')
})

test('a run is planned from where it was written, whatever the folder', async () => {
  const { hone } = await begin('train', '-o', 'mine/first')
  const { code, stdout } = await hone('plan', 'mine/first/train.yaml', '--device', 'cpu', '--format', 'json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'train', rows: 480, rows_left_out: 0, steps: 30, no_effect: [] })
  expect(await hone('lint', 'mine/first/test.jsonl')).toMatchObject({ code: 0 })
})

const rewards = [
  { words: [], spec: ['--reward', './reward.ts'], file: 'reward.ts', runs: true },
  { words: ['--python'], spec: ['--reward-cmd', 'python3 reward.py'], file: 'reward.py', runs: Bun.which('python3') },
]
for (const { words, spec, file, runs } of rewards)
  test.skipIf(!runs)(
    `${file} passes its test and withstands every attack, and its test notices another reward`,
    async () => {
      const { cwd, hone } = await begin('reward', ...words)
      const checked = await hone('score', 'reward-test.jsonl', ...spec, '--check')
      expect(checked).toMatchObject({ code: 0, stderr: expect.stringContaining('9 of 9 rows score as expected') })
      expect(await hone('lint', ...spec)).toMatchObject({
        code: 0,
        stdout: '',
        stderr: expect.stringContaining('0 findings'),
      })
      const path = join(cwd, file)
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('0.2 + 0.8', '0.5 + 0.5'))
      expect((await hone('score', 'reward-test.jsonl', ...spec, '--check')).code).toBe(1)
    },
  )

test('what is there is never overwritten, and only a reward is written in Python', async () => {
  const { cwd, hone } = await begin('reward')
  writeFileSync(join(cwd, 'reward.ts'), 'mine')
  expect(await hone('init', 'reward')).toMatchObject({ code: 2, stderr: expect.stringContaining('the file exists') })
  expect(readFileSync(join(cwd, 'reward.ts'), 'utf8')).toBe('mine')
  expect((await hone('init', 'env', '--python')).stderr).toContain('hint: hone init reward --python')
  expect(existsSync(join(cwd, 'env.ts'))).toBe(false)
})

describeForms((start, form) => {
  test('the test of an environment runs, and a reward imports hone', async () => {
    const { cwd } = await begin('env')
    const [program = ''] = start
    const { exitCode, stderr } = Bun.spawnSync([program, 'test', './env.test.ts'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...(form === 'binary' && { BUN_BE_BUN: '1' }) },
    })
    expect({ exitCode, text: stderr.toString() }).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining('1 pass'),
    })
    if (form === 'source') return
    run(start, ['init', 'reward'], { cwd })
    expect(run(start, ['score', 'reward-test.jsonl', '--reward', './reward.ts', '--check'], { cwd }).code).toBe(0)
  })
})
