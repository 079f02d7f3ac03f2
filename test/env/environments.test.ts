// Environments of the table, tools of the configuration, and programs that are environments: well, failing, hanging and lying.
import { afterAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEnvironment } from '../../src/env/open.ts'
import type { EnvironmentSettings } from '../../src/rl/environment-settings.ts'
import { search } from '../../src/env/tools/search.ts'
import type { Environment, Said } from '../../src/rl/environment.ts'
import type { JsonObject } from '../../src/text/json.ts'
import { scratch } from '../scratch.ts'

const none: EnvironmentSettings = {
  env: null,
  envCmd: null,
  tools: [],
  mcp: null,
  toolTimeout: 5,
  codeEngine: 'embedded',
  codeUrl: null,
  codeState: 'call',
  frame: null,
  maxToolCalls: null,
}
const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
const said = (name: string, values: JsonObject, ...others: Said['calls'][number][]): Said => ({
  text: '',
  calls: [{ name, arguments: values }, ...others],
  fault: null,
})
const plain = (text: string): Said => ({ text, calls: [], fault: null })

const opened: Environment[] = []
afterAll(() => opened.forEach((each) => each.close()))
async function open(settings: Partial<EnvironmentSettings>): Promise<Environment> {
  const environment = await openEnvironment({ ...none, ...settings })
  if (!environment) throw new Error('no environment')
  opened.push(environment)
  return environment
}
const tool = (name: string, command: string, parameters: JsonObject = { type: 'object', properties: {} }) => ({
  name,
  description: '',
  parameters,
  command,
})
/** A program in Bun's own words, since one is at hand. */
function program(source: string): string {
  const path = join(scratch(), 'program.ts')
  writeFileSync(path, source)
  return `'${process.execPath}' '${path}'`
}
const answering = (body: string) =>
  program(`for await (const line of console) { const ask = JSON.parse(line); const id = ask.id; ${body} }`)

test('a row with a ground truth is judged by it, or left to another reward', async () => {
  const asked = { ...row, ground_truth: '42' }
  for (const judges of [true, false]) {
    const environment = (await openEnvironment({ ...none, env: 'qa' }, { judges }))!
    const episode = await environment.reset(row, asked, 'a')
    expect((await episode.step(plain('42'))).reward).toBe(judges ? 1 : undefined)
    environment.close()
  }
})

test('no settings are no environment, and names are those of the table', async () => {
  expect(await openEnvironment(none)).toBeUndefined()
  await expect(open({ env: 'calculater' })).rejects.toThrow('calculater')
  await expect(open({ env: 'tools' })).rejects.toThrow('there are no tools')
  await expect(open({ tools: [tool('a', 'true'), tool('a', 'true')] })).rejects.toThrow('two tools of one name: a')
  const twice = await open({ env: 'calculator', tools: [tool('calculator', 'true')] })
  expect(() => twice.tools({})).toThrow('two tools of one name: calculator')
})

test('a command gets the arguments as JSON and its output is the result', async () => {
  const environment = await open({ tools: [tool('echo', 'cat')] })
  const episode = await environment.reset(row, {}, '1')
  expect(await episode.step(said('echo', { city: 'Köln' }))).toMatchObject({
    messages: [{ role: 'tool', content: '{"city": "Köln"}' }],
    done: false,
  })
  expect(await episode.step(plain('Done.'))).toMatchObject({ done: true, stop: 'completed' })
  expect(await episode.step({ ...plain('<tool_call>{'), fault: 'unclosed' })).toMatchObject({
    done: true,
    stop: 'parse_error',
  })
})

test('an unknown tool and arguments that do not fit are told to the model and are no fault', async () => {
  const parameters = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  const episode = await (await open({ tools: [tool('f', 'cat', parameters)] })).reset(row, {}, '1')
  const wrong = await episode.step(said('g', {}, { name: 'f', arguments: {} }, { name: 'f', arguments: { n: 'x' } }))
  expect(wrong.messages.map(({ content }) => content)).toEqual([
    'Error: there is no tool g; there are f',
    'Error: the argument n is missing',
    'Error: the argument n must be integer',
  ])
  expect(wrong.fault).toBeUndefined()
})

test('a tool that fails, hangs or floods gives the model a short text and the row a fault', async () => {
  const tools = [tool('fails', 'echo broken >&2; exit 3'), tool('hangs', 'sleep 60 | cat'), tool('floods', 'yes')]
  const episode = await (await open({ tools, toolTimeout: 0.5 })).reset(row, {}, '1')
  expect(await episode.step(said('fails', {}))).toMatchObject({
    messages: [{ content: 'Error: broken' }],
    fault: 'fails: broken',
  })
  expect(await episode.step(said('hangs', {}))).toMatchObject({
    messages: [{ content: 'Error: no answer within 0.5 s' }],
  })
  expect(await episode.step(said('floods', {}))).toMatchObject({
    messages: [{ content: 'Error: it said more than 1048576 characters' }],
    fault: 'floods: it said more than 1048576 characters',
  })
})

test('a tool that still runs when the environment closes is ended with it', async () => {
  const environment = await open({ tools: [tool('hangs', 'sleep 60')], toolTimeout: 60 })
  const under = (await environment.reset(row, {}, '1')).step(said('hangs', {}))
  environment.close()
  expect((await under).fault).toStartWith('hangs: ')
})

test('a row without documents cannot be searched, and a search finds as many as it is told', async () => {
  const environment = await open({ env: 'kb', searchResults: 2 })
  expect(() => environment.tools({ documents: [{ body: 'a' }] })).toThrow('no column "documents"')
  const documents = ['red one', { title: 'red', text: 'two' }, 'red three']
  const episode = await environment.reset(row, { documents }, '1')
  const { messages } = await episode.step(said('search', { query: 'red' }))
  expect(messages[0]!.content.split('\n')).toHaveLength(2)
})

test('the calculator reckons as Python does, and says what it cannot', async () => {
  const environment = await open({ env: 'calculator' })
  expect(environment.tools({}).map(({ name }) => name)).toEqual(['calculator'])
  const episode = await environment.reset(row, { ground_truth: '84' }, '1')
  const results = await Promise.all(
    ['(3 + 4) * 12', '7 // 2', '2 ** 0.5', '1 / 0', 'x + 1', '9 **'].map(
      async (expression) => (await episode.step(said('calculator', { expression }))).messages[0]!.content,
    ),
  )
  expect(results.slice(0, 3)).toEqual(['84', '3', '1.4142135623730951'])
  for (const text of results.slice(3)) expect(text).toStartWith('Error: ')
  expect(await episode.step(plain('<answer>84</answer>'))).toMatchObject({ done: true, reward: 1 })
  expect(await episode.step(plain('<answer>85</answer>'))).toMatchObject({ done: true, reward: 0 })
})

test('a number is right where it is that number, however it is written; other answers where their words are the same', async () => {
  const environment = await open({ env: 'qa' })
  const rewardOf = async (ground_truth: string | string[], answer: string) =>
    (await (await environment.reset(row, { ground_truth }, '1')).step(plain(`<answer>${answer}</answer>`))).reward
  const [right, wrong] = [
    ['5', '5.0', ' +5', '5.'],
    ['-5', '0.5', '50', 'five'],
  ]
  expect(await Promise.all(right!.map((answer) => rewardOf('5', answer)))).toEqual([1, 1, 1, 1])
  expect(await Promise.all(wrong!.map((answer) => rewardOf('5', answer)))).toEqual([0, 0, 0, 0])
  expect(await rewardOf('-0.50', '-.5')).toBe(1)
  expect(await rewardOf(['Lima', '1,000'], '1000')).toBe(1)
  expect(await rewardOf(['Lima', '1,000'], 'the lima!')).toBe(1)
})

test('search ranks by rare words and gives nothing for none', async () => {
  const documents = [
    { title: 'Lima', text: 'Lima is the capital of Peru.' },
    { title: 'Oslo', text: 'Oslo is the capital of Norway, and Norway is in Europe.' },
    'Peru is in South America.',
  ]
  const run = (query: string) => search(documents, 2).run({ query })
  expect(await run('capital of Norway')).toStartWith('[1] Oslo: ')
  expect(await run('Peru')).toBe('[1] Peru is in South America.\n[2] Lima: Lima is the capital of Peru.')
  expect(await run('quasar')).toBe('Nothing was found.')
})

test('a row may name its environment', async () => {
  const environment = await open({ env: 'calculator' })
  expect(environment.tools({ env: 'kb', documents: ['a'] }).map(({ name }) => name)).toEqual(['search'])
  expect(() => environment.tools({ env: 'nowhere' })).toThrow('nowhere')
})

test('a maze is walked to its goal', async () => {
  const environment = await open({ env: 'maze' })
  const episode = await environment.reset(row, { maze: 'S.#\n#..\n##G' }, '1')
  const go = (direction: string) => episode.step(said('move', { direction }))
  expect(await go('down')).toMatchObject({ messages: [{ content: 'There is a wall.' }], reward: 0 })
  for (const direction of ['right', 'down', 'right']) await go(direction)
  expect(await go('down')).toMatchObject({ done: true, reward: 1 })
  expect(() => environment.tools({ maze: '..G' })).toThrow('no column "maze"')
})

test('a program answers several episodes at once, told apart by their ids', async () => {
  const envCmd = answering(`
    if (ask.op === 'reset') console.log(JSON.stringify({ id, messages: [{ role: 'user', content: 'Begin ' + ask.row.id }], tools: [] }))
    if (ask.op === 'step') setTimeout(() => console.log(JSON.stringify({ id, messages: [{ role: 'tool', content: id }], reward: 0.5, done: ask.calls.length === 0 })), id === '1' ? 60 : 0)`)
  const environment = await open({ envCmd })
  const episodes = await Promise.all(['1', '2'].map((id) => environment.reset(row, {}, id)))
  expect(episodes[0]!.asked?.messages).toEqual([{ role: 'user', content: 'Begin a' }])
  const answers = await Promise.all(episodes.map((each) => each.step(plain('Hello.'))))
  expect(answers.map(({ messages, reward, done }) => [messages[0]!.content, reward, done])).toEqual([
    ['1', 0.5, true],
    ['2', 0.5, true],
  ])
})

test('numbers are read as Python writes them', async () => {
  const envCmd = answering(`
    if (ask.op === 'reset') console.log(JSON.stringify({ id }))
    if (ask.op === 'step') console.log('{"id": "' + id + '", "done": true, "reward": 1.0, "metrics": {"n": 2.0}}')`)
  const episode = await (await open({ envCmd })).reset(row, {}, '1')
  expect(await episode.step(plain('Hello.'))).toMatchObject({ done: true, reward: 1, metrics: { n: 2 } })
})

test('a program that is not there or never answers is an error at once', async () => {
  await expect((await open({ envCmd: 'no-such-program-here' })).reset(row, {}, '1')).rejects.toThrow(
    'Cannot run the environment: the program ended with code 127',
  )
  await expect((await open({ envCmd: 'cat > /dev/null', toolTimeout: 0.3 })).reset(row, {}, '1')).rejects.toThrow(
    'no answer within 0.3 s',
  )
  await expect((await open({ envCmd: 'echo hello; cat' })).reset(row, {}, '1')).rejects.toThrow(
    'what is no JSON: hello',
  )
})

test('a program that dies, lies or says nonsense later ends the episodes at hand and is started again', async () => {
  const envCmd = answering(`
    if (ask.op === 'reset') console.log(JSON.stringify({ id }))
    if (ask.op === 'step' && ask.text === 'die') process.exit(9)
    if (ask.op === 'step' && ask.text === 'lie') console.log(JSON.stringify({ id: 'other', done: true }))
    if (ask.op === 'step' && ask.text === 'babble') console.log('what?')
    if (ask.op === 'step' && ask.text === 'wrong') console.log(JSON.stringify({ id, done: 'yes' }))
    if (ask.op === 'step' && ask.text === 'error') console.log(JSON.stringify({ id, error: 'no such move' }))
    if (ask.op === 'step' && ask.text === 'well') console.log(JSON.stringify({ id, done: true }))`)
  const environment = await open({ envCmd })
  const faults = {
    die: 'ended with code 9',
    lie: 'not asked',
    babble: 'no JSON',
    wrong: 'the answer is not one',
    error: 'no such move',
  }
  for (const [text, fault] of Object.entries(faults)) {
    const episode = await environment.reset(row, {}, text)
    await expect(episode.step(plain(text))).rejects.toThrow(fault)
  }
  expect(await (await environment.reset(row, {}, 'z')).step(plain('well'))).toMatchObject({ done: true })
})

test("a user's file is an environment in a process of its own", async () => {
  const path = join(scratch(), 'env.ts')
  writeFileSync(
    path,
    `console.log('loading')
    export default { reset: (row) => ({ tools: [], step: ({ text }) => { if (text === 'throw') throw new Error('thrown'); return { messages: [], done: true, reward: row.id.length } } }) }`,
  )
  const words = [process.execPath, join(import.meta.dir, '../../src/main.ts'), 'serve-env', path]
  const environment = await open({ envCmd: words.map((word) => `'${word}'`).join(' '), toolTimeout: 20 })
  expect(await (await environment.reset(row, {}, '1')).step(plain('Hello.'))).toMatchObject({ reward: 1, done: true })
  await expect((await environment.reset(row, {}, '2')).step(plain('throw'))).rejects.toThrow('thrown')
  await expect(open({ env: './nowhere.ts' })).rejects.toThrow('no such file')
})
