// A configuration as a job for verl: keys that verl has, values that mean the same, and words on what it lacks.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { inVerl } from '../../src/job/export/verl/job.ts'
import { trainPresets } from '../../src/rl/presets.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import { runHere } from '../here.ts'
import { scratch } from '../scratch.ts'

const keys = new Set(
  readFileSync(join(import.meta.dir, '..', '..', 'fixtures', 'golden', 'verl-0.9.1-keys.txt'), 'utf8')
    .split('\n')
    .slice(1),
)
const recipe = (more: object = {}): TrainRecipe =>
  v.parse(TrainRecipe, { model: 'm', data: ['rows.jsonl'], output: 'o', ...more })

test('every key is one of verl, whatever the preset', () => {
  for (const [preset, settings] of Object.entries(trainPresets))
    for (const more of [{}, { advantage: 'gae', loraRank: 8, klIn: 'reward', klTarget: 0.1, zeroVariance: 'refill' }])
      for (const key of Object.keys(inVerl(recipe({ ...settings, ...more, clipValue: 0.2, criticModel: 'c' })).set))
        expect(keys.has(key) ? key : `${preset}: ${key}`).toBe(key)
})

test("Tool-N1's recipe has a counterpart in all that it says", () => {
  const { set, missing } = inVerl(recipe({ evalData: ['held.jsonl'] }))
  expect(missing).toEqual([])
  expect(set).toMatchObject({
    'actor_rollout_ref.rollout.n': 5,
    'actor_rollout_ref.rollout.temperature': 0.7,
    'actor_rollout_ref.actor.optim.lr': 1e-6,
    'actor_rollout_ref.actor.loss_agg_mode': 'token-mean',
    'actor_rollout_ref.actor.use_kl_loss': true,
    'actor_rollout_ref.actor.kl_loss_coef': 0.001,
    'actor_rollout_ref.actor.ppo_mini_batch_size': 256,
    'data.train_batch_size': 1024,
    'algorithm.adv_estimator': 'grpo',
  })
})

test('what verl lacks is told, and nothing is put in its place', () => {
  const lacking = { minP: 0.1, env: 'maze', advantage: 'gigpo', stop: ['x'], prompt: 'native', surrogate: 'nft' }
  const { set, missing } = inVerl(recipe(lacking))
  expect(missing.map(([name]) => name).toSorted()).toEqual(Object.keys(lacking).toSorted())
  expect(set).not.toHaveProperty(['algorithm.adv_estimator'])
})

test('mini-batches are sizes there and numbers here', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }), (miniBatches, each) => {
      const { set } = inVerl(recipe({ miniBatches, promptsPerStep: miniBatches * each }))
      expect(set['actor_rollout_ref.actor.ppo_mini_batch_size']).toBe(each)
    }),
  )
})

const row = {
  id: '1',
  source: 'mine',
  messages: [{ role: 'user', content: 'weather in Oslo' }],
  tools: [{ name: 'weather', description: '', parameters: { type: 'object', properties: {} } }],
  answer: [{ name: 'weather', arguments: {} }],
  meta: {},
}

test('a configuration becomes a folder that starts the job', async () => {
  const folder = scratch()
  writeFileSync(join(folder, 'rows.jsonl'), `${JSON.stringify(row)}\n`)
  writeFileSync(join(folder, 'train.yaml'), 'model: m\ndata: rows.jsonl\noutput: runs/a\nminP: 0.1\n')
  const words = ['export', 'train.yaml', '--for', 'verl', '-o', 'job']
  const { code, stderr } = await runHere(words, { cwd: folder })
  expect(code).toBe(0)
  expect(stderr).toContain('minP')
  expect(readdirSync(join(folder, 'job')).toSorted()).toEqual(
    ['launch.sh', 'missing.md', 'overrides.yaml', 'reward.py', 'train.parquet', 'val.parquet'].toSorted(),
  )
  const read = (name: string) => readFileSync(join(folder, 'job', name), 'utf8')
  expect(Bun.YAML.parse(read('overrides.yaml'))).toMatchObject({ data: { train_batch_size: 1024 } })
  expect(read('missing.md')).toContain('`minP`')
  expect(read('reward.py')).toContain('def compute_score')
  expect(statSync(join(folder, 'job', 'launch.sh')).mode & 0o111).not.toBe(0)
  expect(Bun.spawnSync(['bash', '-n', join(folder, 'job', 'launch.sh')]).exitCode).toBe(0)
  const back = await runHere(['prep', 'job/train.parquet', '--from', 'verl', '-o', 'back.jsonl'], { cwd: folder })
  expect(back.code).toBe(0)
  writeFileSync(join(folder, 'job', 'notes.txt'), 'mine')
  expect(await runHere(words, { cwd: folder })).toMatchObject({ code: 2 })
  expect(existsSync(join(folder, 'job', 'notes.txt'))).toBeTrue()
  expect(await runHere(['export', 'train.yaml', '--for', 'trl', '-o', 'x'], { cwd: folder })).toMatchObject({ code: 2 })
})
