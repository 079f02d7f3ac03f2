// What is left of work on many pieces: the time comes first, so that no edge of a terminal cuts it off.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { runInTerminal } from '../hone.ts'

test('a countdown says how many are done and when the rest will be', async () => {
  const meter = join(import.meta.dir, '..', '..', 'src', 'shell', 'meter.ts')
  const body = `import { countdown } from ${JSON.stringify(meter)}
let time = 0
const tell = countdown('asked', 4, () => time)
tell(0)
time = 30_000
tell(1, 'kept 1')`
  const { screen } = await runInTerminal([process.execPath, '-e', body], [])
  expect(screen.split('\r\x1b[2K').slice(1)).toEqual(['asked 0/4', 'asked 1/4  eta 1m30s  kept 1'])
})
