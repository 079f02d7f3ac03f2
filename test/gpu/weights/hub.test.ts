// Models named as on the Hub: found where downloads lie, and answered with the command that brings them where they do not.
import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hubCache, hubFolder, hubModels, hubName } from '../../../src/gpu/weights/hub.ts'
import { scratch } from '../../scratch.ts'

const COMMIT = '7ae557604adf67be50417f59c2c2f167def9a775'

/** A cache as `hf download` leaves it: files are links into blobs. */
function cacheWith(files: readonly string[], { ref = true } = {}) {
  const cache = scratch()
  const model = join(cache, 'models--Qwen--Qwen2.5-0.5B-Instruct')
  const snapshot = join(model, 'snapshots', COMMIT)
  for (const folder of ['blobs', 'refs', join('snapshots', COMMIT)]) mkdirSync(join(model, folder), { recursive: true })
  if (ref) writeFileSync(join(model, 'refs', 'main'), COMMIT)
  for (const name of files) {
    writeFileSync(
      join(model, 'blobs', name),
      name.endsWith('index.json') ? '{"weight_map":{"a":"model-1.safetensors"}}' : '{}',
    )
    symlinkSync(join('..', '..', 'blobs', name), join(snapshot, name))
  }
  return { environment: { HF_HUB_CACHE: cache }, snapshot }
}
const NAME = 'Qwen/Qwen2.5-0.5B-Instruct'

test('a model that is there as a whole is its newest snapshot, by name, by revision and by commit', () => {
  const { environment, snapshot } = cacheWith(['config.json', 'model.safetensors'])
  for (const path of [NAME, `${NAME}@main`, `${NAME}@${COMMIT}`]) expect(hubFolder(path, environment)).toBe(snapshot)
  expect(hubFolder(NAME, cacheWith(['config.json', 'model.safetensors'], { ref: false }).environment)).toEndWith(COMMIT)
  expect(hubName(snapshot)).toEqual({ id: NAME, commit: COMMIT })
  expect(hubModels(environment)).toEqual([NAME])
})

test('one that is not there, or in part, is answered with the command that downloads it', () => {
  const { environment } = cacheWith(['config.json', 'model.safetensors'])
  const hint = (path: string, where = environment) => {
    try {
      return hubFolder(path, where)
    } catch (error) {
      return error
    }
  }
  expect(hint('Qwen/Qwen3-0.6B')).toMatchObject({
    hint: 'if it is a model of the Hub: hf download Qwen/Qwen3-0.6B',
    exit: 2,
  })
  expect(hint(`${NAME}@v2`)).toMatchObject({ hint: `if it is a model of the Hub: hf download ${NAME} --revision v2` })
  const parts = [['config.json'], ['config.json', 'model.safetensors.index.json'], ['model.safetensors']]
  for (const files of parts)
    expect(hint(NAME, cacheWith(files).environment)).toMatchObject({ hint: `finish it: hf download ${NAME}` })
})

test('a path stays a path', () => {
  for (const path of ['.', 'src/gpu', './Qwen/none', '/nowhere/none', 'a/b/c']) expect(hubFolder(path, {})).toBe(path)
})

test('the cache is where huggingface_hub has it', () => {
  expect(hubCache({ HF_HUB_CACHE: '/a', HF_HOME: '/b' })).toBe('/a')
  expect(hubCache({ HF_HOME: '/b' })).toBe('/b/hub')
  expect(hubCache({ XDG_CACHE_HOME: '/c' })).toBe('/c/huggingface/hub')
  expect(hubCache({})).toEndWith('/.cache/huggingface/hub')
})
