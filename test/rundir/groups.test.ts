// Completions as the page is given them: groups in short, cards in full, one of them token by token; and what a browser makes of that.
import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRun } from '../../src/rundir/run.ts'
import { cardOf, groupsOf } from '../../src/rundir/watch/groups.ts'
import { type Lens, spellerOf } from '../../src/rundir/watch/lens.ts'
import { fileOf } from '../../src/rundir/watch/offline.ts'
import { detailOf, type Place } from '../../src/rundir/watch/rollouts.ts'
import { servePage } from '../../src/rundir/watch/serve.ts'
import { watchedAt } from '../../src/rundir/watch/watched.ts'
import { scratch } from '../scratch.ts'

const browser = Bun.which('chromium') ?? Bun.which('google-chrome')
const words = ['<b>Hi</b>', ' calls', ' given', ' end']
const lens: Lens = {
  spell: (ids) => ids.map((id) => words[id]!),
  differences: () => [{ expected: 'f({})', given: 'f({"a":1})', defects: ['argument a: not expected, got 1'] }],
}
const rollout = {
  id: 'a',
  sample: 0,
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What  is\nit?' },
  ],
  tools: [{ name: 'f', description: 'does it', parameters: { type: 'object' } }],
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
const { messages: _, tools: __, ...bare } = rollout
const failed = { ...bare, sample: 1, reward: 0, score: 0, advantage: -0.5, stop: 'max_tokens', fault: 'KeyError' }
const turns = [
  { role: 'assistant', from: 0, to: 2, reward: 0.25 },
  { role: 'tool', from: 2, to: 3 },
  { role: 'assistant', from: 3, to: 4 },
]

function makeRun(lines: readonly object[] = [rollout, failed, { ...rollout, id: 'b', turns }]): Place {
  const directory = join(scratch(), 'mine')
  const run = createRun(directory, { command: 'train', version: '0', settings: {}, origins: {} })
  run.emit({ type: 'step', time: 0, step: 3, steps: 3, figures: { reward: 1, kl: 2, entropy: 0.4, step_time: 2 } })
  mkdirSync(run.paths.rollouts, { recursive: true })
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  writeFileSync(join(run.paths.rollouts, 'step-000000003.jsonl'), text)
  run.close()
  return { directory, folder: 'rollouts', step: 3 }
}

test('a group has its question, its rewards, and of each completion what is wrong with it', () => {
  const groups = groupsOf(makeRun())
  expect(groups.map(({ id, question, mean, deviation }) => ({ id, question, mean, deviation }))).toEqual([
    { id: 'a', question: 'What is it?', mean: 0.5, deviation: 0.5 },
    { id: 'b', question: 'What is it?', mean: 1, deviation: 0 },
  ])
  expect(groups[0]!.marks).toEqual([
    { index: 0, reward: 1, advantage: 0.5, right: true, truncated: false, fault: false, tokens: 3 },
    { index: 1, reward: 0, advantage: -0.5, right: false, truncated: true, fault: true, tokens: 3 },
  ])
  expect(groupsOf({ ...makeRun(), step: 4 })).toEqual([])
})

test('a card has tools, expected calls, differences, and the turns of an episode with who spoke', () => {
  const place = makeRun()
  const card = cardOf(place, [{ index: 0 }, { index: 1 }], lens)
  expect(card).toMatchObject({ tools: rollout.tools, messages: rollout.messages, expected: ['f({})'] })
  expect(card.completions.map(({ turns }) => turns)).toEqual(Array(2).fill([{ role: 'assistant', text: 'text' }]))
  expect(card.completions[1]).toMatchObject({ fault: 'KeyError', differences: [{ expected: 'f({})' }] })
  expect(cardOf(place, [{ index: 2 }], lens).completions[0]!.turns).toEqual([
    { role: 'assistant', from: 0, to: 2, text: '<b>Hi</b> calls', reward: 0.25 },
    { role: 'tool', from: 2, to: 3, text: ' given' },
    { role: 'assistant', from: 3, to: 4, text: ' end' },
  ])
})

test('a token has its log-prob, its entropy and how far it lies from the reference', () => {
  const detail = detailOf(makeRun(), 0, lens)
  expect(detail).toMatchObject({
    prompt: ' calls calls',
    tokens: words,
    trained: [1, 1, 0, 1],
    entropies: rollout.entropies,
  })
  expect(detail?.kl).toEqual([0, -1, 9, 0])
  expect(detailOf(makeRun(), 3, lens)).toBeUndefined()
  expect(detailOf(makeRun(), 0, {})).toBeUndefined()
})

test('tokens that share a letter are spelt by the first of them, and bytes of none as they are', () => {
  const bytes = [0xf0, 0x9f, 0x99, 0x82, 0x41, 0xff, 0x42]
  const decode = (ids: number[]) => new TextDecoder().decode(Uint8Array.from(ids, (id) => bytes[id]!))
  expect(spellerOf(decode)([0, 1, 2, 3, 4, 5, 6])).toEqual(['🙂', '', '', '', 'A', '\ufffd', 'B'])
})

test('the server gives groups, cards and completions by step and place', async () => {
  const { directory } = makeRun()
  const server = servePage({ watched: () => watchedAt([directory]), port: 0, lensOf: async () => lens })
  try {
    const ask = async (path: string) => await fetch(`${server.url.href}${path}`)
    expect(await (await ask('rollouts/3/0')).json()).toMatchObject({ tokens: words })
    expect((await ask('rollouts/3/3')).status).toBe(404)
    expect((await ask('rollouts/4/0')).status).toBe(404)
    expect(await (await ask('groups/0/rollouts/3')).json()).toEqual(groupsOf(makeRun()))
    const card = await (await ask('cards/0/rollouts/3/0/2')).json()
    expect(card).toEqual(JSON.parse(JSON.stringify(cardOf(makeRun(), [{ index: 0 }, { index: 1 }], lens))))
    expect(await (await ask('tokens/0/rollouts/3/2')).json()).toMatchObject({ tokens: words })
  } finally {
    await server.stop(true)
  }
})

test('a file leaves out the earliest steps that it has no room for, and says how many', () => {
  const { directory } = makeRun()
  const { html, left } = fileOf(watchedAt([directory]), [lens])
  expect(left).toBe(0)
  const holds = (text: string) => text.includes('data-name="tokens/0/rollouts/3/0"')
  expect(holds(html)).toBe(true)
  const small = fileOf(watchedAt([directory]), [lens], 10)
  expect(small.left).toBe(1)
  expect(holds(small.html)).toBe(false)
  expect(small.html.includes('"kept":{"rollouts":[],"evals":[]}')).toBe(true)
})

/** Writes the colours of the first chart's opaque pixels into the document, once it is drawn. */
const COLOURS_OF_CANVAS = `<script>
  setInterval(() => {
    const canvas = document.querySelector('canvas')
    if (!canvas || document.body.dataset.colours) return
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const seen = new Set()
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add(data.slice(i, i + 3).join())
    document.body.dataset.colours = [...seen].join(' ')
  }, 50)
</script>`

test.skipIf(!browser)(
  'a browser opens the file on the three questions, colours tokens, and shows what is given apart',
  () => {
    const path = join(scratch(), 'run.html')
    writeFileSync(path, fileOf(watchedAt([makeRun().directory]), [lens]).html + COLOURS_OF_CANVAS)
    const dom = (address: string) => {
      const switches = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=5000', '--dump-dom']
      const { stdout } = Bun.spawnSync([browser!, ...switches, `file://${path}#${address}`], { stderr: 'ignore' })
      return stdout.toString()
    }
    const whole = dom('step=3&open=0&by=entropy&theme=dark')
    expect([...whole.matchAll(/<h2 id="\w+">(.*?)<\/h2>/g)].map(([, title]) => title)).toEqual([
      'Is it learning?',
      'Is it healthy?',
      'Where does the time go?',
      'What does it write?',
    ])
    expect(whole).toContain('KL from the start 2.00')
    expect(whole).toContain('argument a: not expected, got 1')
    expect(whole.match(/<canvas/g)!.length).toBe(4)
    // The curve in the accent of the dark page, and nothing in the black that a canvas takes for a colour it cannot read.
    const colours = /data-colours="(.*?)"/.exec(whole)![1]!.split(' ')
    expect(colours).toContain('130,177,255')
    expect(colours).not.toContain('0,0,0')
    const tokens = /<div class="tokens">(.*?)<\/div>/s.exec(whole)?.[1]
    expect(tokens).toBe(
      '<span title="logprob -0.100  kl 0.000  entropy 0.100" style="--share: 0.050;">&lt;b&gt;Hi&lt;/b&gt;</span>' +
        '<span title="logprob -5.000  kl -1.000  entropy 1.500" style="--share: 0.750;"> calls</span>' +
        '<span class="given" title="given, not trained on"> given</span>' +
        '<span title="logprob -0.200  kl 0.000  entropy 0.200" style="--share: 0.100;"> end</span>',
    )
  },
  60_000,
)
