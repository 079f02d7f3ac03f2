// llama.cpp as a peer of generate.ts: greedy, on as many threads as asked, the prompts of a batch as sequences of one context.
// Usage: bun test/bench/llama.ts MODEL.gguf THREADS FOLDER, FOLDER one where node-llama-cpp is installed with its prebuilt binaries. Reads
// {"prompts": [[id…]…], "tokens": n} a line from stdin, answers {"seconds", "ids"} a line.
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'

interface Sequence {
  clearHistory(): Promise<void>
  evaluate(ids: readonly number[], options: { temperature: number }): AsyncIterable<number>
}
interface Llama {
  loadModel(options: object): Promise<{
    createContext(options: object): Promise<{ getSequence(): Sequence; dispose(): Promise<void> }>
  }>
}

const Work = v.object({ prompts: v.array(v.array(v.number())), tokens: v.number() })
const [modelPath = '', count = '2', folder = '.'] = process.argv.slice(2)
const threads = Number(count)
const entry = createRequire(pathToFileURL(join(resolve(folder), 'package.json'))).resolve('node-llama-cpp')
const { getLlama }: { getLlama(options: object): Promise<Llama> } = await import(entry)
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads })
const model = await llama.loadModel({ modelPath: resolve(modelPath) })
console.log('ready')
for await (const line of console) {
  if (line === '') continue
  const { prompts, tokens } = v.parse(Work, JSON.parse(line))
  const contextSize = Math.max(...prompts.map((ids) => ids.length)) + tokens
  const context = await model.createContext({ sequences: prompts.length, contextSize, batchSize: 2048, threads })
  const sequences = prompts.map(() => context.getSequence())
  const started = performance.now()
  const ids = await Promise.all(sequences.map((sequence, i) => written(sequence, prompts[i]!, tokens)))
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, ids }))
  await context.dispose()
}

async function written(sequence: Sequence, prompt: readonly number[], tokens: number): Promise<number[]> {
  const ids: number[] = []
  for await (const id of sequence.evaluate(prompt, { temperature: 0 })) if (ids.push(id) === tokens) break
  return ids
}
