// A completion token by token: what the page is given of it, and what a browser makes of that.
import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRun } from '../../src/rundir/run.ts'
import { pageOf } from '../../src/rundir/watch/page.ts'
import { detailOf, spellerOf } from '../../src/rundir/watch/rollouts.ts'
import { servePage } from '../../src/rundir/watch/serve.ts'
import { scratch } from '../scratch.ts'

const browser = Bun.which('chromium') ?? Bun.which('google-chrome')
const words = ['<b>Hi</b>', ' calls', ' given', ' end']
const spell = (ids: readonly number[]) => ids.map((id) => words[id]!)
const rollout = {
  id: 'a',
  reward: 1,
  advantage: 0.5,
  output: 'text',
  score: 1,
  parts: { format: 1 },
  reasons: [],
  fault: null,
  stop: 'completed',
  gts: [{ name: 'f', arguments: {} }],
  prompt_ids: [1, 1],
  output_ids: [0, 1, 2, 3],
  logprobs: [-0.1, -5, 0, -0.2],
  reference_logprobs: [-0.1, -4, -9, -0.2],
  entropies: [0.1, 1.5, 3, 0.2],
  trained: [1, 1, 0, 1],
}

function makeRun(): string {
  const directory = join(scratch(), 'run')
  const run = createRun(directory, { command: 'train', version: '0', settings: {}, origins: {} })
  run.emit({ type: 'step', time: 0, step: 3, steps: 3, figures: { reward: 1 } })
  mkdirSync(run.paths.rollouts, { recursive: true })
  writeFileSync(join(run.paths.rollouts, 'step-000000003.jsonl'), `${JSON.stringify(rollout)}\n`)
  run.close()
  return directory
}

test('a token has its log-prob, its entropy and how far it lies from the reference', () => {
  const detail = detailOf(makeRun(), 3, 0, spell)
  expect(detail).toMatchObject({
    prompt: ' calls calls',
    tokens: words,
    trained: [1, 1, 0, 1],
    entropies: rollout.entropies,
  })
  expect(detail?.kl).toEqual([0, -1, 9, 0])
  expect(detailOf(makeRun(), 3, 1, spell)).toBeUndefined()
  expect(detailOf(makeRun(), 3, 0, undefined)).toBeUndefined()
})

test('tokens that share a letter are spelt by the first of them, and bytes of none as they are', () => {
  const bytes = [0xf0, 0x9f, 0x99, 0x82, 0x41, 0xff, 0x42]
  const decode = (ids: number[]) => new TextDecoder().decode(Uint8Array.from(ids, (id) => bytes[id]!))
  expect(spellerOf(decode)([0, 1, 2, 3, 4, 5, 6])).toEqual(['🙂', '', '', '', 'A', '\ufffd', 'B'])
})

test('the server gives a completion by step and place', async () => {
  const server = servePage(makeRun(), 0, spell)
  try {
    expect(await (await fetch(`${server.url.href}rollouts/3/0`)).json()).toMatchObject({ tokens: words })
    expect((await fetch(`${server.url.href}rollouts/3/1`)).status).toBe(404)
    expect((await fetch(`${server.url.href}rollouts/4/0`)).status).toBe(404)
  } finally {
    await server.stop(true)
  }
})

test.skipIf(!browser)(
  'a browser colours the tokens and shows what is given apart',
  () => {
    const path = join(scratch(), 'run.html')
    writeFileSync(path, pageOf(makeRun(), { live: false, spell }))
    const dom = (by: string) => {
      const switches = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=2000', '--dump-dom']
      const { stdout } = Bun.spawnSync([browser!, ...switches, `file://${path}#step=3&open=0&by=${by}`], {
        stderr: 'ignore',
      })
      return /<div class="tokens">(.*?)<\/div>/s.exec(stdout.toString())?.[1]
    }
    expect(dom('logprob')).toBe(
      '<span title="logprob -0.100  kl 0.000  entropy 0.100" style="--share: 0.025;">&lt;b&gt;Hi&lt;/b&gt;</span>' +
        '<span title="logprob -5.000  kl -1.000  entropy 1.500" style="--share: 1.000;"> calls</span>' +
        '<span class="given" title="given, not trained on"> given</span>' +
        '<span title="logprob -0.200  kl 0.000  entropy 0.200" style="--share: 0.050;"> end</span>',
    )
    expect(dom('entropy')).toContain('entropy 1.500" style="--share: 0.750;"')
    expect(dom('kl')).toContain('kl -1.000  entropy 1.500" style="--share: 1.000;"')
  },
  60_000,
)
