// The engine against reference numbers of transformers, peft and Tool-N1's trainer, folder by folder.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDevice } from '../../src/gpu/device/open.ts'
import { verifyCommand } from '../../src/job/verify/command.ts'
import { verify } from '../../src/job/verify/verify.ts'
import { forms, run } from '../hone.ts'
import { scratch } from '../scratch.ts'
import { sharedPath } from '../shared.ts'

for (const family of ['qwen2', 'qwen3', 'llama3']) {
  const folder = sharedPath('oracle', family)
  test.skipIf(!folder)(`every quantity of ${family} is within its bound`, async () => {
    const findings = await verify(await openDevice('cpu'), folder!)
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    expect(findings.length).toBeGreaterThan(100)
    const names = findings.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const part of ['masked', 'tree', 'dpo', 'reward', 'critic', 'nft', 'long', 'sampling'])
      expect(names.filter((name) => name.startsWith(`${part} `)).length).toBeGreaterThan(15)
  })
}

const rounded = sharedPath('oracle', 'qwen3')
test.skipIf(!rounded)('in half precision log-probs and directions of gradients are within their bounds', async () => {
  const findings = await verify(await openDevice('cpu', { dtype: 'f16' }), rounded!, true)
  expect(findings.filter(({ ok }) => !ok)).toEqual([])
  const count = (start: string) => findings.filter(({ name }) => name.startsWith(start)).length
  for (const part of ['logprobs', 'decode logprobs', 'adapter logprobs']) expect(count(part)).toBeGreaterThan(0)
  for (const part of ['gradient', 'sft gradient', 'adapter gradient']) expect(count(part)).toBeGreaterThan(20)
})

test('a type that the device does not compute in is refused before anything is read', async () => {
  const flags = { dir: 'nowhere', device: 'cpu', dtype: 'bf16', format: 'text' } as const
  await expect(verifyCommand(flags)).rejects.toThrow('Cannot compute in bf16 on cpu')
})

const oracle = sharedPath('oracle', 'qwen2')
test.skipIf(!oracle)(
  'hone verify ends with 0 where every number holds, and with 1 where one does not, which it names',
  () => {
    const folder = scratch()
    const expected = readFileSync(join(oracle!, 'expect.json'), 'utf8')
    for (const name of readdirSync(oracle!).filter((each) => each !== 'expect.json'))
      symlinkSync(join(oracle!, name), join(folder, name))
    const verify = (figures: object) => {
      writeFileSync(join(folder, 'expect.json'), JSON.stringify(figures))
      const { code, stdout } = run(forms[0]![1], ['verify', folder, '--format', 'ndjson'])
      const rows: { name: string; ok: boolean }[] = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      return { code, wrong: rows.filter(({ ok }) => !ok).map(({ name }) => name) }
    }
    const figures = JSON.parse(expected)
    expect(verify(figures)).toEqual({ code: 0, wrong: [] })
    expect(verify({ ...figures, sft_loss: figures.sft_loss + 1e-3 })).toEqual({ code: 1, wrong: ['sft loss'] })
  },
)
