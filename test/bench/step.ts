// One GRPO step on fixed work: random weights, prompts of exactly P tokens, completions of exactly R, groups of G, N prompts a step.
// Usage: bun test/bench/step.ts MODEL(m1|m2|m3|m4) P R G N STEPS [lora] [profile]. Prints one line of JSON, the same fields
// as a peer's benchmark of the same work: the median of the steps after the first, in seconds, and the peak memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { openDevice } from '../../src/gpu/device/open.ts'
import { parametersOf } from '../../src/gpu/weights/family.ts'
import { generateAll } from '../../src/gpu/policy/generate.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import { elements } from '../../src/gpu/graph/tensor.ts'
import { data, flush, log } from '../../src/out.ts'
import { lawOf, TrainRecipe } from '../../src/rl/recipe.ts'
import type { Prompt } from '../../src/rl/record.ts'
import { freeze } from '../../src/rl/freeze.ts'
import { learn } from '../../src/rl/learn.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { weigh } from '../../src/rl/weigh.ts'
import { stream, uniform } from '../../src/rng.ts'

const [name = '', ...rest] = process.argv.slice(2)
const [P = 0, R = 0, G = 0, N = 0, steps = 0] = rest.map(Number)
const [lora, profile] = [rest.includes('lora'), rest.includes('profile')]
// Made by a process of its own, so that its memory is not counted.
const folder = mkdtempSync(join(tmpdir(), 'hone-bench-'))
Bun.spawnSync([process.execPath, join(import.meta.dir, 'random-model.ts'), name, folder], { stderr: 'inherit' })

const recipe = v.parse(TrainRecipe, {
  model: folder,
  data: [],
  output: '',
  steps,
  promptsPerStep: N,
  groupSize: G,
  miniBatches: 1,
  maxCompletionLength: R,
  temperature: 0.7,
  klCoefficient: 0.001,
  learningRate: 1e-6,
  weightDecay: 0.01,
  loraRank: lora ? 16 : 0,
  loraAlpha: 32,
})
const law = lawOf(recipe)
const device = await openDevice('cpu', { threads: 2 })
const policy = openModel(device, folder, {
  training: lora
    ? { kind: 'lora', rank: recipe.loraRank, alpha: recipe.loraAlpha ?? 32, targets: recipe.loraTargets, seed: 0 }
    : { kind: 'full' },
  reference: true,
  profile,
})
rmSync(folder, { recursive: true })

const random = stream(0)
const prompts = Array.from({ length: N * steps }, (_, index): Prompt => ({
  index,
  ids: Array.from({ length: P }, () => 3 + Math.floor(random() * (policy.config.vocabulary - 3))),
  row: { id: String(index), source: 'bench', messages: [], tools: [], answer: [], meta: {} },
  json: {},
}))
const seconds = { step: [] as number[], generate: [] as number[] }
for (let step = 0; step < steps; step++) {
  const started = performance.now()
  const chosen = prompts.slice(step * N, (step + 1) * N)
  const requests = chosen.map(({ ids, index }) => ({ prompt: ids, samples: G, key: [0, step, index] }))
  // No id ends a completion: each has exactly R tokens.
  const completions = await generateAll(policy, requests, {
    ...law,
    maxNewTokens: R,
    eosIds: [],
  })
  const verdict = { score: 0, parts: null, fault: null, reasons: [] }
  const rollouts = chosen.map((prompt, n) => ({
    prompt,
    completions: completions[n]!.map((each, sample) => ({
      ...ownWords(each),
      text: '',
      verdict,
      reward: uniform(1, prompt.index, sample),
    })),
    live: true,
  }))
  const generated = performance.now()
  const frozen = await freeze(rollouts, { recipe, law, policy })
  const figures = await learn(weigh(frozen, recipe), { recipe, law, policy, step, steps })
  const ended = performance.now()
  seconds.generate.push((generated - started) / 1000)
  seconds.step.push((ended - started) / 1000)
  log(`step ${step + 1}: ${seconds.step.at(-1)!.toFixed(2)} s; ${JSON.stringify(figures)}`)
}
const step = median(seconds.step)
const generate = median(seconds.generate)
data(
  JSON.stringify({
    peer: 'hone',
    model: name,
    params: parametersOf(policy.config).reduce((sum, { shape }) => sum + elements(shape), 0),
    P,
    R,
    G,
    N,
    lora,
    micro_batch: N * G,
    step_s: round(step, 3),
    generate_s: round(generate, 3),
    train_s: round(step - generate, 3),
    completion_tok_s: round((N * G * R) / step, 1),
    peak_rss_mb: Math.floor(process.resourceUsage().maxRSS / 1024),
  }),
)
if (profile)
  for (const [program, times] of policy.programs.profile()) {
    const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    const first = times.slice(0, 6).map(({ op, milliseconds, calls }) => `${op} ${milliseconds.toFixed(0)} ms/${calls}`)
    log(`${program}: ${total.toFixed(0)} ms: ${first.join(', ')}`)
  }
flush()

/** Of the steps after the first, which compiles graphs and touches memory for the first time. */
function median(values: number[]): number {
  const later = values.length > 1 ? values.slice(1) : values
  return later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)]!
}
function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
