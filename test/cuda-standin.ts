// Runs hone on ONNX Runtime's own CUDA provider over stand-in CUDA libraries, on a machine without a GPU:
//   bun test/cuda-standin.ts DIR
// DIR holds libonnxruntime.so.1, the CUDA provider and stand-ins of the CUDA libraries, whose kernels compute nothing and which
// count what is asked of them. So values mean nothing here, and times neither. What shows is whether each graph is given to CUDA as
// a whole (hone refuses it otherwise), whether each kernel takes the call without cuDNN, that the host never reads device memory (it
// would fault), and what is copied. Exit 1 where anything fails.
import { dlopen, read } from 'bun:ffi'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { datasets, writeTokenizer } from '../fixtures/minicall/make.ts'
import { writeModel } from '../fixtures/minicall/model.ts'
import { openDevice } from '../src/gpu/device/open.ts'
import { cudaFaults } from './gpu/graph/kernels.ts'
import { generateAll } from '../src/gpu/policy/generate.ts'
import { openModel } from '../src/gpu/policy/model.ts'
import type { ModelOptions } from '../src/gpu/policy/trainable.ts'
import type { PerToken } from '../src/gpu/policy/policy.ts'
import { adaptable } from '../src/gpu/weights/family.ts'
import { tinyFamilies, writeTinyModel } from './gpu/tiny-model.ts'
import { sharedPath } from './shared.ts'

const provider = resolve(process.argv[2] ?? process.env['HONE_ORT_DIR'] ?? '')
process.env['HONE_ORT_DIR'] = provider
const folder = mkdtempSync(join(tmpdir(), 'hone-standin-'))
/** Most bytes of a table of sizes in models as small as these. */
const TABLE_BYTES = 512
let failures = 0
try {
  await engine()
  await tokens()
  await commands()
} finally {
  rmSync(folder, { recursive: true })
}
console.log(failures === 0 ? 'all passed' : `${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

/** Every way to train every family: two rounds, the second of which must copy only what hone itself uploads and downloads. */
async function engine(): Promise<void> {
  const device = await openDevice('cuda')
  const cudart = dlopen(join(provider, 'libcudart.so.13'), {
    fakecuda_counters: { args: [], returns: 'ptr' },
    fakecuda_reset: { args: [], returns: 'void' },
  }).symbols
  /** Places in the stand-in's table of counters. */
  const copies = () => {
    const table = cudart.fakecuda_counters()!
    const at = (place: number) => Number(read.u64(table, 8 * place))
    return { up: at(6), bytesUp: at(7), down: at(8), bytesDown: at(9), launches: at(0) + at(1) }
  }
  const trainings: Record<string, ModelOptions> = {
    full: { training: { kind: 'full' }, reference: true },
    'full, recomputing': { training: { kind: 'full' }, reference: true, activationBudget: 0 },
    LoRA: { training: { kind: 'lora', rank: 4, alpha: 8, targets: adaptable, seed: 0 } },
  }
  const ways = (['f32', 'f16', 'bf16'] as const).flatMap((dtype) =>
    Object.entries(trainings).map(([training, options]): [string, ModelOptions] => [
      `${dtype}, ${training}`,
      { ...options, precision: { weights: dtype, compute: dtype, reduce: 'f32' } },
    ]),
  )
  for (const family of Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[])
    for (const [way, options] of ways) {
      const model = openModel(device, writeTinyModel(join(folder, family), family), options)
      const prompts = [
        [5, 6, 7, 8],
        [9, 10],
      ]
      const groups = prompts.map((prompt) => ({ prompt, completions: [[1, 2], [3]] }))
      const phases: Record<string, () => unknown> = {
        generate: () =>
          generateAll(
            model,
            prompts.map((prompt, i) => ({ prompt, samples: 2, key: [i] })),
            { temperature: 1, maxNewTokens: 8, eosIds: [] },
          ),
        reference: () => model.forward(groups, { temperature: 0.7, reference: true }),
        accumulate: () =>
          model.accumulate(groups, { temperature: 0.7, entropy: true }, ({ logprobs }) => ({
            logprobs: ones(logprobs),
          })),
        update: () =>
          model.update({ learningRate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 }),
      }
      for (const phase of Object.values(phases)) await phase()
      for (const [name, phase] of Object.entries(phases)) {
        cudart.fakecuda_reset()
        const before = { ...device.counters }
        await phase()
        const seen = copies()
        const { uploads, bytesUp, downloads, bytesDown, runs } = device.counters
        const asked = {
          up: uploads - before.uploads,
          bytesUp: bytesUp - before.bytesUp,
          down: downloads - before.downloads,
          bytesDown: bytesDown - before.bytesDown,
        }
        const graphs = runs - before.runs
        // Concat and Split of unequal pieces hand their kernels a table of sizes that way; it is no data of the graph.
        const tables = { up: seen.up - asked.up, bytes: seen.bytesUp - asked.bytesUp }
        const good =
          seen.down === asked.down &&
          seen.bytesDown === asked.bytesDown &&
          tables.up >= 0 &&
          tables.bytes <= TABLE_BYTES * tables.up
        report(
          `${family}, ${way}: ${name}`,
          good,
          `${graphs} graphs run, ${seen.launches} launches and products, ${asked.up} uploads (${asked.bytesUp} bytes), ` +
            `${seen.down} of ${asked.down} downloads (${seen.bytesDown} bytes), ${tables.up} tables of sizes (${tables.bytes} bytes)`,
        )
      }
      const faults = model.programs.graphs().flatMap(cudaFaults)
      report(`${family}, ${way}: graphs`, faults.length === 0, `${model.programs.graphs().length}${faults.join('; ')}`)
      model.free()
    }
}

/** Tokens written by one captured graph: what the host sees of many is one launch each, a look at the end, and nothing else. */
async function tokens(): Promise<void> {
  const device = await openDevice('cuda')
  const cudart = dlopen(join(provider, 'libcudart.so.13'), {
    fakecuda_counters: { args: [], returns: 'ptr' },
    fakecuda_reset: { args: [], returns: 'void' },
  }).symbols
  for (const family of Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[])
    for (const dtype of ['f16', 'bf16'] as const) {
      const precision = { weights: dtype, compute: dtype, reduce: 'f32' } as const
      const model = openModel(device, writeTinyModel(join(folder, family), family), { precision })
      const session = model.open()
      const sampling = { temperature: 1, maxNewTokens: 16, eosIds: [] }
      // The first one makes the graph.
      await session.submit({ ids: [3], sampling, key: [0] }).completion
      await session.submit({ ids: [3], sampling: { ...sampling, topP: 0.9 }, key: [0] }).completion
      for (const law of [{ temperature: 0 }, { temperature: 1 }, { temperature: 1, topK: 9, topP: 0.9, minP: 0.01 }]) {
        cudart.fakecuda_reset()
        const slot = session.submit({ ids: [3], sampling: { ...sampling, ...law }, key: [1] })
        await slot.completion
        const table = cudart.fakecuda_counters()!
        const [launches, products, down, captured] = [0, 1, 8, 14].map((place) => Number(read.u64(table, 8 * place)))
        report(
          `${family}, ${dtype}: tokens by ${JSON.stringify(law)}`,
          launches === 0 && products === 0 && captured === 16 && down === 2,
          `${captured} captured graphs, ${launches} launches, ${products} products, ${down} downloads for 16 tokens`,
        )
        const fork = slot.fork([2])
        await Promise.all([slot.extend([5, 6, 7]), fork.extend([8, 9])])
      }
      const { written, whole } = session.work()
      report(
        `${family}, ${dtype}: a session with extensions and forks`,
        whole === written,
        `${whole} of ${written} tokens`,
      )
      session.close()
      model.free()
    }
}

/** The commands, each as a user runs it, to their end. */
async function commands(): Promise<void> {
  const model = join(folder, 'model')
  await writeTokenizer(model, 0)
  writeModel(model, 0)
  const rows = join(folder, 'rows.jsonl')
  const [all] = Object.values(datasets(0).files)
  writeFileSync(
    rows,
    all!()
      .slice(0, 8)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  )
  const common = {
    model,
    data: rows,
    prompt: 'native',
    device: 'cuda',
    steps: 2,
    evalData: rows,
    evalRows: 2,
    saveEvery: 1,
  }
  const train = {
    promptsPerStep: 2,
    groupSize: 2,
    miniBatches: 1,
    maxPromptLength: 256,
    // What is sampled from nothing has no log-prob.
    oldLogprobs: 'computed',
  }
  for (const loraRank of [0, 4])
    for (const [command, settings] of Object.entries({ sft: { batchSize: 4 }, train })) {
      const output = join(folder, `${command}-${loraRank}`)
      const config = `${output}.json`
      writeFileSync(config, JSON.stringify({ ...common, ...settings, maxCompletionLength: 16, loraRank, output }))
      hone([0], command, config)
      const asked = ['--input', rows, '--parser', 'tool-n1', '--max-new-tokens', '8', '--device', 'cuda']
      hone([0], 'infer', output, ...asked)
    }
  for (const name of ['qwen2', 'qwen3', 'llama3']) {
    const oracle = sharedPath('oracle', name)
    // Its answer is no, as it must be where nothing is computed.
    for (const dtype of ['f32', 'bf16']) if (oracle) hone([1], 'verify', oracle, '--device', 'cuda', '--dtype', dtype)
  }
}

/** Run hone and say whether it ended with one of the codes that it may end with. */
function hone(codes: number[], ...words: string[]): void {
  const main = join(import.meta.dir, '..', 'src', 'main.ts')
  const { exitCode, signalCode, stderr } = Bun.spawnSync([process.execPath, main, ...words], { env: process.env })
  const good = codes.includes(exitCode)
  report(
    `hone ${words.slice(0, 2).join(' ')}`,
    good,
    good ? `exit ${exitCode}` : `exit ${exitCode} ${signalCode ?? ''}\n${stderr}`,
  )
}

function report(what: string, good: boolean, detail: string): void {
  if (!good) failures++
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}: ${detail}`)
}

function ones(values: PerToken): PerToken {
  return values.map((group) => group.map((row) => row.map(() => 1)))
}
