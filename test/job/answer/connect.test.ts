// Waiting for an endpoint: a person is told on a terminal soon, elsewhere now and then, and never while answers come.
import { afterEach, expect, test } from 'bun:test'
import { connect, waitingFor } from '../../../src/job/answer/connect.ts'
import { divert, setProgress } from '../../../src/out.ts'

let said = ''
const restore = () => {
  restoring?.()
  setProgress(true)
}
let restoring: (() => void) | undefined
const listen = () => {
  said = ''
  // Whatever the tests are run in.
  setProgress(false)
  restoring = divert((_, block) => {
    said += Buffer.from(block).toString()
    return block.length
  })
}
afterEach(restore)

test('in a pipe one line says after half a minute that no answer comes, and none while nothing is asked', async () => {
  listen()
  let time = 0
  const waiting = waitingFor('m', { now: () => time, every: 1 })
  await Bun.sleep(5)
  expect(said).toBe('')
  waiting.asked()
  waiting.asked()
  time = 29_000
  await Bun.sleep(5)
  expect(said).toBe('')
  time = 31_000
  await Bun.sleep(5)
  expect(said).toBe('waiting for m: 2 requests under way, no answer for 31 s\n')
  waiting.answered()
  waiting.answered()
  time = 90_000
  await Bun.sleep(5)
  expect(said).not.toContain('90')
})

test('each reason to ask again is told once, with how long and how often', () => {
  listen()
  const { onRetry } = connect({ endpoint: 'http://localhost:1/v1', apiModel: 'm', retries: 3 })
  for (const wait of [500, 1000]) onRetry?.('status 503: busy', wait)
  expect(said).toBe('http://localhost:1/v1: status 503: busy; asked again in 0.5 s, 3 times at most\n')
})

test('an endpoint without an address or the name of its model is refused', () => {
  expect(() => connect({ endpoint: 'http://localhost:1/v1' })).toThrow('--api-model is missing')
})
