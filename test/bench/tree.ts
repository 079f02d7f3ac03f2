// Learning from trees against their flattened sequences: random weights, tokens drawn at random.
// Usage: bun test/bench/tree.ts MODEL(m1|m2|m3|m4|l2) [ROUNDS] [--device D] [--threads N]
// Prints a line of JSON for each kind of tree: tokens of all sequences, rows of the passes over them, and the median CPU seconds (so that
// what runs beside hardly counts) of a forward and a backward pass over all, as a tree and flattened, in turns; last their ratio.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../src/gpu/device/open.ts'
import { rowsOf } from '../../src/gpu/net/sizes.ts'
import { batchOf } from '../../src/gpu/policy/batch.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import type { Group } from '../../src/gpu/policy/policy.ts'
import { data, flush } from '../../src/out.ts'
import { idsOf, packRollouts } from '../../src/rl/pack.ts'
import type { Prompt, Rollout } from '../../src/rl/record.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { stream } from '../../src/rng.ts'
import { median, words } from './words.ts'

const { places, device: spec, threads } = words()
const [name = 'm1', rounds = '5'] = places
const LIMIT = 2048
const folder = mkdtempSync(join(tmpdir(), 'hone-bench-'))
Bun.spawnSync([process.execPath, join(import.meta.dir, 'random-model.ts'), name, folder], { stderr: 'inherit' })
const device = await openDevice(spec, { threads })
const model = openModel(device, folder, { training: { kind: 'full' } })
rmSync(folder, { recursive: true })

const random = stream(0)
const ids = (length: number) => Array.from({ length }, () => 3 + Math.floor(random() * (model.config.vocabulary - 3)))

/** Turns of a model and what a tool says to each, alternately. */
const TURN = 60
const RESULT = 60

/** ARPO's tree: 8 samples of one prompt, 4 of which begin at the prompt; of four turns the others branch off after the first or second result. */
function arpo(): Group[] {
  const turns = (count: number) => Array.from({ length: count }, () => ids(TURN + RESULT)).flat()
  const completions = [1, 1, 2, 2].flatMap((shared) => {
    const before = turns(shared)
    return [0, 1].map(() => [...before, ...turns(3 - shared), ...ids(TURN)])
  })
  return [{ prompt: ids(256), completions }]
}

/** A conversation of 8 turns whose history is kept: every turn is a sequence, whose prompt is all before it. */
function conversation(): Group[] {
  const all = [...ids(256), ...Array.from({ length: 8 }, () => ids(TURN + RESULT)).flat()]
  const start = (turn: number) => 256 + turn * (TURN + RESULT)
  return Array.from({ length: 8 }, (_, turn) => ({
    prompt: all.slice(0, start(turn)),
    completions: [all.slice(start(turn), start(turn) + TURN)],
  }))
}

const rollout = ({ prompt, completions }: Group, promptIds?: readonly number[]): Rollout => ({
  prompt: { index: 0, ids: promptIds ?? prompt, row: ROW, json: {} } satisfies Prompt,
  completions: completions.map((some) => ({
    ...ownWords({ ids: some, logprobs: new Float32Array(some.length), finish: 'eos' }),
    ...(promptIds && { promptIds: prompt }),
  })),
})
const ROW = { id: '', source: 'bench', messages: [], tools: [], answer: [], meta: {} }

/** No two begin alike. */
let begun = 0
const apart = (groups: readonly Group[]): Rollout[] =>
  groups.flatMap(({ prompt, completions }) =>
    completions.map((some) => rollout({ prompt: [3 + begun++, ...prompt.slice(1)], completions: [some] })),
  )

function learn(rollouts: readonly Rollout[]) {
  const packs = packRollouts(rollouts, LIMIT, model).map(({ items }) => items.map(idsOf))
  const started = process.cpuUsage()
  for (const groups of packs)
    model.accumulate(groups, { temperature: 1, entropy: true }, ({ logprobs }) => ({ logprobs }))
  const { user, system } = process.cpuUsage(started)
  return {
    seconds: (user + system) / 1e6,
    rows: packs.reduce(
      (sum, groups) => sum + rowsOf(batchOf(groups, { config: model.config, portions: model }).sizes),
      0,
    ),
  }
}

for (const [kind, groups] of Object.entries({ arpo: arpo(), conversation: conversation() })) {
  // All turns of a conversation are one group, of prompts of their own.
  const tree = kind === 'arpo' ? groups.map((each) => rollout(each)) : [joined(groups)]
  const flattened = apart(groups)
  const all = groups.flatMap(({ prompt, completions }) => completions.map((some) => prompt.length + some.length))
  const times = Array.from({ length: Number(rounds) + 1 }, () => ({ tree: learn(tree), flat: learn(flattened) })).slice(
    1,
  )
  const seconds = (of: 'tree' | 'flat') => median(times.map((each) => each[of].seconds))
  const [tokens, rows] = [all.reduce((a, b) => a + b), times[0]!.tree.rows]
  data(
    JSON.stringify({
      tree: kind,
      model: name,
      tokens_flattened: tokens,
      rows_flattened: times[0]!.flat.rows,
      rows_tree: rows,
      tokens_share: Number((rows / tokens).toFixed(3)),
      cpu_s_flattened: Number(seconds('flat').toFixed(3)),
      cpu_s_tree: Number(seconds('tree').toFixed(3)),
      times_faster: Number((seconds('flat') / seconds('tree')).toFixed(2)),
    }),
  )
}
flush()

function joined(groups: readonly Group[]): Rollout {
  const [first] = groups
  const all = groups.map((each) => rollout(each, first!.prompt))
  return { prompt: all[0]!.prompt, completions: all.flatMap(({ completions }) => completions) }
}
