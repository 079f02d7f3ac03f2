// What a grammar costs a token: the mask of a place that is new and of one that was there before, and sampling within it, beside
// @mlc-ai/web-xgrammar on the same schemas.
// Usage: bun test/bench/grammar.ts MODEL [tokens], MODEL a folder with a tokenizer.
import { GrammarCompiler, GrammarMatcher, TokenizerInfo } from '@mlc-ai/web-xgrammar'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFormat } from '../../src/dialogue/call.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { constrainer } from '../../src/dialogue/constrain.ts'
import { valueGrammar } from '../../src/dialogue/grammar/frame.ts'
import { probabilities, sampleToken } from '../../src/gpu/policy/sample.ts'
import { normal, uniform } from '../../src/rng.ts'
import { tokensOf } from '../dialogue/grammar/random.ts'

const [folder = '', count = '400'] = process.argv.slice(2)
const tokenizer = await loadTokenizer(folder)
const V = tokenizer.vocabularySize
/** Milliseconds of this thread, so that what else the machine does matters little. Its clock has coarse ticks: only means count. */
const now = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
const since = (start: number): number => now() - start
const say = (what: string, values: readonly number[]): void => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  console.log(`${what.padEnd(44)} ${mean.toFixed(3)} ms (mean of ${values.length})`)
}

let start = now()
const constrain = constrainer(tokenizer, V)
console.log(`tree of ${V} tokens: ${since(start).toFixed(0)} ms`)

const toolsOf = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    name: `tool_${i}`,
    parameters: {
      type: 'object',
      properties: {
        location: { type: 'string' },
        unit: { enum: ['celsius', 'fahrenheit'] },
        days: { type: 'integer', minimum: 1, maximum: 14 },
        tags: { type: 'array', items: { type: 'string', maxLength: 40 }, maxItems: 4 },
        options: {
          type: 'object',
          properties: { exact: { type: 'boolean' }, note: { type: 'string' } },
          required: ['exact'],
        },
      },
      required: ['location', 'days'],
    },
  }))
const logits = Float32Array.from({ length: V }, (_, id) => 3 * normal(id))
const law = { temperature: 1 }

for (const n of [1, 5, 20]) {
  start = now()
  const constraint = constrain.calls(findFormat('tool-n1'), toolsOf(n), { what: 'reply', thought: 'perhaps' })
  console.log(`\n${n} tools: grammar ${since(start).toFixed(1)} ms`)
  const [fresh, again, drawn, plain]: number[][] = [[], [], [], []]
  for (let row = 0; fresh!.length < Number(count); row++) {
    const ids = tokenizer.encode('<tool_call>\n[{"name": "')
    for (let t = 0; t < 60; t++) {
      let at = now()
      const mask = constraint.mask(ids)
      fresh!.push(since(at))
      at = now()
      const p = probabilities(logits, [], law, mask)
      const { id } = sampleToken(p, law, uniform(row, t))
      drawn!.push(since(at))
      at = now()
      sampleToken(probabilities(logits, [], law), law, uniform(row, t))
      plain!.push(since(at))
      if (tokenizer.eosIds.includes(id)) break
      ids.push(id)
    }
    for (let t = 0; t < 20; t++) {
      const before = ids.slice(0, -1)
      constraint.mask(before)
      before.push(ids.at(-1)!)
      const at = now()
      constraint.mask(before)
      again!.push(since(at))
    }
  }
  say('mask, as a row is written', fresh!)
  say('mask of a place that was there before', again!)
  say('softmax and draw within the mask', drawn!)
  say('softmax and draw without', plain!)
}

const file = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'))
const spelt = Array.from({ length: V }, () => '')
for (const [token, id] of Object.entries<number>(file.model.vocab)) spelt[id] = token
for (const { id, content } of file.added_tokens) spelt[id] = content
const info = await TokenizerInfo.createTokenizerInfo(spelt, 'byte_level', false, V, tokenizer.eosIds)
const compiler = await GrammarCompiler.createGrammarCompiler(info)
const schema = toolsOf(1)[0]!.parameters
start = now()
const theirs = await GrammarMatcher.createGrammarMatcher(
  await compiler.compileJSONSchema(JSON.stringify(schema), false, -1, [', ', ': '], true),
)
console.log(`\none value, written by both: theirs compiled in ${since(start).toFixed(1)} ms`)
const ours = constrain.grammar({ ...valueGrammar(schema, { order: 'schema', space: 'written' }), notices: [] })
const [mine, other]: number[][] = [[], []]
for (let row = 0; mine!.length < Number(count) / 2; row++) {
  theirs.reset()
  const ids: number[] = []
  for (let t = 0; t < 60; t++) {
    let at = now()
    const mask = ours.mask(ids)
    mine!.push(since(at))
    at = now()
    await theirs.getNextTokenBitmask()
    other!.push(since(at))
    const some = tokensOf(mask)
    const id = some[Math.floor(uniform(row, t) * some.length)]!
    if (tokenizer.eosIds.includes(id) || !theirs.acceptToken(id)) break
    ids.push(id)
  }
}
say('hone', mine!)
say('web-xgrammar', other!)
