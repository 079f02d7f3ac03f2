// Models by their names on the Hugging Face Hub: where `hf download` and transformers keep them on this machine. Nothing is fetched.
//
// Layout: CACHE/models--ORG--NAME/{refs/REVISION, snapshots/COMMIT/…}; a ref holds the commit that it means.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { HoneError } from '../../error.ts'

type Environment = Record<string, string | undefined>

/** The cache as huggingface_hub finds it. */
export function hubCache(environment: Environment = process.env): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
  return HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, 'hub')
}

/** ORG/NAME, and the revision behind @, which is main unless given. */
function parse(path: string): { id: string; revision: string } | undefined {
  const found = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w./-]+))?$/.exec(path)
  return found ? { id: found[1]!, revision: found[2] ?? 'main' } : undefined
}

/** Whether it can only be meant as a name on the Hub: there is no such file or folder. */
export const isHubName = (path: string): boolean => parse(path) !== undefined && !existsSync(path)

/**
 * The folder that `path` names: itself, or the snapshot of a model of the Hub.
 * @throws HoneError, with the command that downloads it, for a model of the Hub that is not there as a whole.
 */
export function hubFolder(path: string, environment: Environment = process.env): string {
  const named = isHubName(path) ? parse(path)! : undefined
  if (!named) return path
  const { id, revision } = named
  const cache = hubCache(environment)
  const snapshot = snapshotOf(join(cache, `models--${id.replace('/', '--')}`), revision)
  const download = `hf download ${id}${revision === 'main' ? '' : ` --revision ${revision}`}`
  if (snapshot === undefined)
    throw new HoneError(
      `Cannot find the model "${path}": there is no such folder, and none of that name in the Hugging Face cache`,
      {
        at: cache,
        hint: `if it is a model of the Hub: ${download}`,
      },
    )
  const missing = missingIn(snapshot)
  if (missing !== undefined)
    throw new HoneError(
      `Cannot use the model "${path}": the Hugging Face cache holds a part of it, without ${missing}`,
      {
        at: snapshot,
        hint: `finish it: ${download}`,
      },
    )
  return snapshot
}

function snapshotOf(folder: string, revision: string): string | undefined {
  const snapshots = join(folder, 'snapshots')
  const ref = join(folder, 'refs', revision)
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : revision
  if (existsSync(join(snapshots, commit))) return join(snapshots, commit)
  // One that was fetched by its commit leaves no ref behind.
  if (revision !== 'main' || !existsSync(snapshots)) return undefined
  const all = readdirSync(snapshots).map((name) => join(snapshots, name))
  return all.toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1)
}

/** The first file that a model cannot do without. A file of a snapshot is a link, which dangles while what it names is fetched. */
function missingIn(snapshot: string): string | undefined {
  const has = (name: string) => existsSync(join(snapshot, name))
  if (!has('config.json')) return 'config.json'
  if (has('model.safetensors')) return undefined
  const index = 'model.safetensors.index.json'
  if (!has(index)) return 'model.safetensors'
  const { weight_map: map = {} } = JSON.parse(readFileSync(join(snapshot, index), 'utf8')) as {
    weight_map?: Record<string, string>
  }
  return Object.values(map).find((shard) => !has(shard))
}

/** The name on the Hub of a folder of the cache, and its commit; undefined for others. */
export function hubName(folder: string): { id: string; commit: string } | undefined {
  const found = /models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]([^/\\]+)[/\\]?$/.exec(resolve(folder))
  return found ? { id: `${found[1]}/${found[2]}`, commit: found[3]! } : undefined
}

/** Names of the models in the cache. */
export function hubModels(environment: Environment = process.env): string[] {
  const cache = hubCache(environment)
  if (!existsSync(cache)) return []
  return readdirSync(cache)
    .flatMap((name) => {
      const found = /^models--(.+?)--(.+)$/.exec(name)
      return found ? [`${found[1]}/${found[2]}`] : []
    })
    .sort()
}
