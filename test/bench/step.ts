// One GRPO step on fixed work: random weights, prompts of exactly P tokens, completions of exactly R, groups of G, N prompts a step.
// Usage: bun test/bench/step.ts MODEL(m1|m2|m3|m4|l2) P R G N STEPS [lora] [profile] [forward] [given] [--device D] [--dtype f32|f16|bf16] [--threads N] [--peers PYTHON]
// Prints one line of JSON, the same fields as a peer's benchmark of the same work: the median of the steps after the first, in
// seconds, and the peak memory beside what `hone plan` says of it; on stderr where the time goes. `given`: completions are drawn at
// random instead of written. With --peers also TRL's line, from peers/trl_step.py of
// $HONE_SHARED run right after (MB=n in the environment: its micro-batches), and last the ratios.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { openDevice } from '../../src/gpu/device/open.ts'
import { parametersOf } from '../../src/gpu/weights/family.ts'
import { memoryOf } from '../../src/gpu/policy/memory.ts'
import { trainingOf } from '../../src/job/open.ts'
import { trainKind } from '../../src/job/train/kinds/train.ts'
import { generateAll } from '../../src/gpu/policy/generate.ts'
import type { Completion } from '../../src/gpu/policy/session.ts'
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
import { table } from '../../src/shell/table.ts'
import { sharedPath } from '../shared.ts'
import { matmulRate, productsOf, timed } from './timed.ts'
import { lastLine, median, words } from './words.ts'

const { places, device: spec, peers, precision, threads } = words()
const [name = '', ...rest] = places
const [P = 0, R = 0, G = 0, N = 0, steps = 0] = rest.map(Number)
const [lora, profile, forward, given] = ['lora', 'profile', 'forward', 'given'].map((word) => rest.includes(word))
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
const device = await openDevice(spec, { threads })
const { device: watched, stages, enter, clear } = timed(device)
const training = trainingOf(recipe)
const policy = openModel(watched, folder, { training, reference: true, profile: profile!, precision })
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
  if (step === 1) clear()
  const started = performance.now()
  enter('generate')
  const chosen = prompts.slice(step * N, (step + 1) * N)
  const requests = chosen.map(({ ids, index }) => ({ prompt: ids, samples: G, key: [0, step, index] }))
  // No id ends a completion: each has exactly R tokens.
  const sampling = { ...law, maxNewTokens: R, eosIds: [] }
  const completions = given
    ? requests.map(() => Array.from({ length: G }, drawn))
    : await generateAll(policy, requests, sampling, { ...(!forward && { traced: N * (P - 1 + G * R) }) })
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
  enter('reference')
  const frozen = await freeze(rollouts, { recipe, law, policy })
  enter('learn')
  const figures = await learn(weigh(frozen, recipe), { recipe, law, policy, step, steps })
  const ended = performance.now()
  seconds.generate.push((generated - started) / 1000)
  seconds.step.push((ended - started) / 1000)
  log(`step ${step + 1}: ${seconds.step.at(-1)!.toFixed(2)} s; ${JSON.stringify(figures)}`)
}
const [step, generate] = [seconds.step, seconds.generate].map((each) => median(each.length > 1 ? each.slice(1) : each))
const own = {
  peer: 'hone',
  model: name,
  dtype: precision.compute,
  params: parametersOf(policy.config).reduce((sum, { shape }) => sum + elements(shape), 0),
  P,
  R,
  G,
  N,
  lora,
  micro_batch: N * G,
  step_s: round(step!, 3),
  generate_s: round(generate!, 3),
  train_s: round(step! - generate!, 3),
  completion_tok_s: round((N * G * R) / step!, 1),
  plan_mb: Math.floor(planned() / 2 ** 20),
  peak_rss_mb: Math.floor(process.resourceUsage().maxRSS / 1024),
}
data(JSON.stringify(own))
whereTimeWent()
if (profile)
  for (const [program, times] of policy.programs.profile()) {
    const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    const first = times.slice(0, 6).map(({ op, milliseconds, calls }) => `${op} ${milliseconds.toFixed(0)} ms/${calls}`)
    log(`${program}: ${total.toFixed(0)} ms: ${first.join(', ')}`)
  }
if (peers) await besidePeer()
flush()

/** R tokens that nobody wrote. */
function drawn(): Completion {
  const ids = Array.from({ length: R }, () => 3 + Math.floor(random() * (policy.config.vocabulary - 3)))
  return { ids, logprobs: new Float32Array(R).fill(-Math.log(policy.config.vocabulary)), finish: 'length' }
}

/** What `hone plan` says of the memory, of prompts of this length. */
function planned(): number {
  const step = trainKind.plan(recipe, { count: N * steps, maxTokens: P })
  const unwritten = { ...(given && { cached: 0 }), ...((given || forward) && { traced: 0 }) }
  const load = { training, reference: true, rows: given ? 0 : N * G, ...step, ...unwritten }
  return memoryOf({ config: policy.config, precision, portions: device.portions }, load).total
}

/** Steps after the first, which compiles graphs and touches memory for the first time, by phase of a step. */
function whereTimeWent(): void {
  const rate = matmulRate(device)
  const counted = Math.max(1, steps - 1)
  const graphs = new Map(policy.programs.graphs().map((graph) => [graph.name, productsOf(graph)]))
  const phases = new Map<string, { seconds: number; products: number }>()
  for (const [stage, spent] of stages)
    for (const [graph, { seconds, runs }] of spent) {
      const phase = phaseOf(stage, graph)
      const sum = phases.get(phase) ?? { seconds: 0, products: 0 }
      const products = sum.products + (runs * (graphs.get(graph) ?? 0)) / counted
      phases.set(phase, { seconds: sum.seconds + seconds / counted, products })
    }
  const all = seconds.step.slice(-counted).reduce((sum, each) => sum + each, 0) / counted
  const inGraphs = [...phases.values()].reduce((sum, each) => sum + each.seconds, 0)
  phases.set('outside of graphs', { seconds: all - inGraphs, products: 0 })
  log(`where a step of ${all.toFixed(2)} s goes (matmul alone: ${(rate / 1e9).toFixed(0)} GFLOP/s):`)
  const rows = [...phases].map(([phase, { seconds, products }]) => [
    phase,
    `${(seconds * 1000).toFixed(0)} ms`,
    `${((100 * seconds) / all).toFixed(0)} %`,
    products > 0 ? `${(products / 1e9).toFixed(1)} GFLOP` : '',
    products > 0 ? `${((100 * products) / seconds / rate).toFixed(0)} % of the rate` : '',
  ])
  for (const line of table(rows)) log(line)
}

function phaseOf(stage: string, graph: string): string {
  if (stage === 'generate') return graph.startsWith('block-prefill') ? 'prefill' : 'decode'
  if (stage === 'reference') return 'reference'
  if (/backward|gradient|zeros/.test(graph)) return 'backward'
  return /adamw|square-sum|merge|copy/.test(graph) ? 'update' : 'policy forward'
}

async function besidePeer(): Promise<void> {
  const script = sharedPath('peers', spec.startsWith('cuda') ? 'trl_step_gpu.py' : 'trl_step.py')
  if (!script) throw new Error('$HONE_SHARED has no peers/trl_step.py')
  const Line = v.looseObject({
    step_s: v.number(),
    generate_s: v.number(),
    train_s: v.number(),
    peak_rss_mb: v.number(),
  })
  const line = v.parse(
    Line,
    await lastLine([peers!, script, ...places.filter((each) => each !== 'profile' && each !== 'forward')]),
  )
  data(JSON.stringify(line))
  const ratio = (key: 'step_s' | 'generate_s' | 'train_s') => round(line[key] / own[key], 2)
  data(
    JSON.stringify({
      times_faster: ratio('step_s'),
      generate: ratio('generate_s'),
      train: ratio('train_s'),
      memory: round(own.peak_rss_mb / line.peak_rss_mb, 3),
    }),
  )
}
function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
