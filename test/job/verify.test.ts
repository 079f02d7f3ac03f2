// The engine against reference numbers of transformers, peft and Tool-N1's trainer, folder by folder.
import { expect, test } from 'bun:test'
import { openDevice } from '../../src/gpu/device/open.ts'
import { verify } from '../../src/job/verify/verify.ts'
import { sharedPath } from '../shared.ts'

for (const family of ['qwen2', 'qwen3', 'llama3']) {
  const folder = sharedPath('oracle', family)
  test.skipIf(!folder)(`every quantity of ${family} is within its bound`, async () => {
    const findings = await verify(await openDevice('cpu'), folder!)
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    expect(findings.length).toBeGreaterThan(100)
  })
}
