// train --agent as a user runs it: programs that talk to the policy over HTTP, one that crashes, one that waits for ever.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '../here.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-agent-'))
const hone = (...words: string[]) => runHere(words, { cwd: place })
const rolloutsOf = (name: string) => {
  const folder = join(place, name, 'rollouts')
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line))
}
const agent = (name: string, source: string) => writeFileSync(join(place, name), source)
const command = (name: string) => `'${process.execPath}' ${name}`

beforeAll(async () => {
  writeTinyModel(join(place, 'model'))
  writeFileSync(join(place, 'rows.jsonl'), toLines(taskRows(4)))
  const settings = {
    model: 'model',
    data: 'rows.jsonl',
    prompt: 'native',
    device: 'cpu',
    threads: 1,
    stop: ['a', 'e', 'o', '"'],
  }
  const steps = { steps: 1, promptsPerStep: 1, groupSize: 2, miniBatches: 1, evalAtStart: false, evalEvery: 0 }
  const lengths = { maxPromptLength: null, maxCompletionLength: 30, temperature: 1, learningRate: 0.01 }
  writeFileSync(join(place, 'train.json'), JSON.stringify({ ...settings, ...steps, ...lengths }))
  agent(
    'talks.ts',
    `import OpenAI from 'openai'
    const client = new OpenAI()
    const row = JSON.parse(process.env.HONE_ROW)
    const messages = [...row.messages]
    for (let turn = 0; turn < 2; turn++) {
      const { choices } = await client.chat.completions.create({ model: 'any', messages, max_tokens: 8 })
      messages.push(choices[0].message, { role: 'user', content: 'Go on.' })
    }
    console.log('thinking about it')
    console.log(JSON.stringify({ reward: messages.at(-2).content.length / 100 }))`,
  )
  agent('crashes.ts', `process.exit(4)`)
  agent('waits.ts', `await new Promise(() => setInterval(() => {}, 1000))`)
})
afterAll(() => rmSync(place, { recursive: true }))

test('what an agent was given and answered is learnt from, with the reward that it prints', async () => {
  // The client is found from the repository.
  const words = ['--agent', `cd '${join(import.meta.dir, '../..')}' && ${command(join(place, 'talks.ts'))}`]
  agent(
    'talks.ts',
    readFileSync(join(place, 'talks.ts'), 'utf8').replace(
      "'openai'",
      JSON.stringify(join(import.meta.dir, '../../node_modules/openai')),
    ),
  )
  expect(await hone('train', 'train.json', '--output', 'talked', ...words)).toMatchObject({ code: 0, stdout: '' })
  const rows = rolloutsOf('talked')
  expect(rows.length).toBeGreaterThanOrEqual(2)
  expect(rows.map(({ fault }) => fault)).toEqual(rows.map(() => null))
  expect(rows.every(({ score }) => score >= 0)).toBe(true)
  const own = rows.flatMap(({ turns }) => turns.filter(({ role }: { role: string }) => role === 'assistant'))
  expect(own.length).toBe(4)
  const long = rows.filter(({ turns }) => turns.length === 3)
  for (const { turns, trained } of long)
    expect(trained.slice(turns[1].from, turns[1].to)).toEqual(trained.slice(turns[1].from, turns[1].to).map(() => 0))
  expect((await hone('train', 'train.json', '--output', 'again', ...words, '--replay', 'talked/rollouts')).code).toBe(0)
  const weights = (name: string) => Bun.hash(readFileSync(join(place, name, 'final', 'model.safetensors')))
  expect(weights('again')).toBe(weights('talked'))
})

test.skipIf(!Bun.which('curl'))(
  'a shell script with curl is an agent, and the reward of the configuration judges its last answer',
  async () => {
    agent(
      'asks.sh',
      `curl -s "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" -H 'content-type: application/json' \\
      -d '{"model":"any","max_tokens":6,"messages":[{"role":"user","content":"Hello"}]}' > /dev/null
    [ -z "$REWARD" ] || echo '{"reward": 2.0}'`,
    )
    expect(await hone('train', 'train.json', '--output', 'curled', '--agent', 'sh asks.sh')).toMatchObject({ code: 0 })
    const rows = rolloutsOf('curled')
    expect(rows.map(({ turns, fault }) => [turns.length, fault])).toEqual([
      [1, null],
      [1, null],
    ])
    expect(rows.every(({ prompt_ids }) => prompt_ids.length > 0)).toBe(true)
    expect(Object.keys(rows[0].parts)).toContain('format')
    expect((await hone('train', 'train.json', '--output', 'rewarded', '--agent', 'REWARD=1 sh asks.sh')).code).toBe(0)
    expect(rolloutsOf('rewarded').map(({ score }) => score)).toEqual([2, 2])
  },
)

test('an agent that crashes or never ends is a counted fault, not the end of the run', async () => {
  const faults = async (name: string, ...words: string[]) => {
    expect((await hone('train', 'train.json', '--output', name, '--max-fault-share', '1', ...words)).code).toBe(0)
    return rolloutsOf(name).map(({ fault, reasons, stop }) => [fault, reasons.at(-1), stop])
  }
  expect((await faults('crashed', '--agent', command('crashes.ts')))[0]).toEqual([
    'EnvironmentError',
    'the agent ended with code 4',
    'completed',
  ])
  expect((await faults('waited', '--agent', command('waits.ts'), '--rollout-timeout', '1'))[0]).toEqual([
    'EnvironmentError',
    'the agent took more than 1 s',
    'rollout_timeout',
  ])
  const ended = await hone('train', 'train.json', '--output', 'ended', '--agent', 'exit 4')
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain('The environment failed on ')
  expect(ended.stderr).toContain('hint: the agent ended with code 4')
})

test('an agent beside an environment is refused', async () => {
  const words = ['--agent', 'true', '--env', 'calculator', '--output', 'never']
  expect(await hone('train', 'train.json', ...words)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('an agent has its own'),
  })
})
