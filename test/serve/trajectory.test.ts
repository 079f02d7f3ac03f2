// What a client was answered becomes trajectories: histories that go on go on from the tokens, others begin anew.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callFormats } from '../../src/dialogue/call.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { constrainer } from '../../src/dialogue/constrain.ts'
import { promptForm } from '../../src/dialogue/prompt.ts'
import { answerChat } from '../../src/serve/chat.ts'
import type { Exchange } from '../../src/serve/exchange.ts'
import { readChat } from '../../src/serve/request.ts'
import type { Served } from '../../src/serve/served.ts'
import { recorder } from '../../src/serve/trajectory.ts'
import { write } from '../../src/serve/writing.ts'
import type { JsonObject } from '../../src/text/json.ts'
import { oneByOne } from '../rl/toy.ts'
import { END, FORGETTING_TEMPLATE, TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tokenizer = await loadTokenizer(
  writeTinyTokenizer(folder, { 'chat_template.jinja': TINY_TEMPLATE, 'config.json': { eos_token_id: END } }),
)
const call = callFormats.hermes.write({ think: 'so', text: '', calls: [{ name: 'add', arguments: { n: 1.5 } }] })

/** A recorder of a model that says these texts one after the other, and how it is asked. */
function place(texts: readonly string[], words = tokenizer) {
  const asked: number[][] = []
  const temperatures: number[] = []
  const session = oneByOne((turn) => {
    asked.push([...turn.ids])
    temperatures.push(turn.sampling.temperature)
    const ids = [...tokenizer.encode(texts[asked.length - 1] ?? 'Nothing.'), END]
    ids.forEach((id) => turn.onToken?.(id, -0.5, () => []))
    turn.end({ ids, logprobs: new Float32Array(ids.length).fill(-0.5), finish: 'eos' })
  }, 4096)()
  const served: Served = {
    name: 'policy',
    aliases: [],
    form: promptForm('native'),
    format: callFormats.hermes,
    vocabulary: tokenizer.vocabularySize,
    context: 4096,
    usualTokens: 100,
    tokenizer: words,
    session,
    constrain: 'none',
    constrainer: () => constrainer(tokenizer, tokenizer.vocabularySize),
    close() {},
  }
  const kept = recorder(served, { law: { temperature: 0.7 }, key: [1], longest: 50 })
  let id = 0
  const plain: Exchange = {
    newId: (prefix) => `${prefix}${id++}`,
    created: 0,
    seed: () => 0,
    write: (served, order, onText) => write(served, order, new AbortController().signal, onText),
  }
  const ask = async (body: JsonObject) => {
    const exchange = kept.exchange(plain, '/v1/chat/completions', body)
    const answer = await answerChat(served, readChat(body), exchange)
    if (!('whole' in answer)) throw new Error('streamed')
    const { choices } = answer.whole as { choices: { message: JsonObject }[] }
    return choices.map(({ message }) => message)
  }
  return { kept, ask, asked, temperatures }
}

const tools = [
  { type: 'function', function: { name: 'add', description: '', parameters: { type: 'object', properties: {} } } },
]
const user = (content: string) => ({ role: 'user', content })

test('a history that goes on is one sequence: own tokens, what was given, own tokens', async () => {
  const { kept, ask, asked, temperatures } = place([call, 'It is 3.'])
  const [first] = await ask({ messages: [user('Sum?')], tools, temperature: 0 })
  const calls = first!['tool_calls'] as { id: string }[]
  // Clients drop the thought, and write arguments in their own way.
  const reply = { role: 'assistant', content: null, tool_calls: first!['tool_calls']! }
  await ask({ messages: [user('Sum?'), reply, { role: 'tool', tool_call_id: calls[0]!.id, content: '3' }], tools })
  expect(kept.sequences.length).toBe(1)
  const [{ prompt, ids, turns, logprobs }] = kept.sequences as [(typeof kept.sequences)[number]]
  const own = [...tokenizer.encode(call), END]
  const given = tokenizer.encode('\ntool: 3<end>\nassistant: ')
  expect(ids).toEqual([...own, ...given, ...tokenizer.encode('It is 3.'), END])
  expect(asked[1]).toEqual([...prompt, ...own, ...given])
  expect(turns.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant'])
  expect(logprobs.slice(own.length, own.length + given.length)).toEqual(given.map(() => 0))
  expect(kept.answer()).toBe('It is 3.')
  // Whatever the client asks, the law is that of the recipe.
  expect(temperatures).toEqual([0.7, 0.7])
})

test('another history, other tools or other words begin a sequence of their own', async () => {
  const { kept, ask } = place(['One.', 'Two.', 'Three.', 'Four.'])
  const [first] = await ask({ messages: [user('A?')] })
  await ask({ messages: [user('A?'), { ...first!, content: 'Uno.' }, user('B?')] })
  await ask({ messages: [user('A?'), first!, user('B?')], tools })
  await ask({ messages: [user('A?')] })
  expect(kept.sequences.map(({ turns }) => turns.length)).toEqual([1, 1, 1, 1])
})

test('a history from which the template takes a thought begins a sequence of its own', async () => {
  const forgetful = await loadTokenizer(
    writeTinyTokenizer(join(folder, 'forgetful'), {
      'chat_template.jinja': FORGETTING_TEMPLATE,
      'config.json': { eos_token_id: END },
    }),
  )
  for (const [said, words, turns] of [
    ['<think>so</think>One.', forgetful, [1, 1]],
    ['One.', forgetful, [3]],
    ['<think>so</think>One.', tokenizer, [3]],
  ] as const) {
    const { kept, ask } = place([said, 'Two.'], words)
    const [first] = await ask({ messages: [user('A?')] })
    await ask({ messages: [user('A?'), first!, user('B?')] })
    expect(kept.sequences.map((each) => each.turns.length)).toEqual([...turns])
  }
})

test('answers written to one history at once are one that goes on and others that begin with it', async () => {
  const { kept, ask } = place(['One.', 'Two.', 'Three.', 'Four.', 'Five.'])
  const [first] = await ask({ messages: [user('A?')] })
  const next = { messages: [user('A?'), first!, user('B?')] }
  await Promise.all([ask(next), ask(next)])
  await ask({ messages: [user('C?')], n: 2 })
  expect(kept.sequences.map(({ turns }) => turns.length).toSorted()).toEqual([1, 1, 1, 3])
  const long = kept.sequences.find(({ turns }) => turns.length === 3)!
  const apart = kept.sequences.find(({ prompt }) => prompt.length > long.prompt.length + 5)!
  expect(apart.prompt.slice(0, long.prompt.length)).toEqual([...long.prompt])
})
