// What hone runs on: runtime, processor, memory, cache, environment. For `hone doctor`; knows nothing of devices.
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { didYouMean } from '../../error.ts'
import { vectorUnits } from '../../gpu/device/processor.ts'
import { families } from '../../gpu/weights/family.ts'
import { hubCache, hubModels } from '../../gpu/weights/hub.ts'
import { cacheFolder } from '../../shell/cache.ts'
import { fullVersion } from '../../shell/version.ts'
import { knownVariables } from '../variables.ts'

/** One line of a report. `state` says whether hone works with it: missing is a pity, broken is a fault. */
export interface Finding {
  area: string
  name: string
  value: string
  state: 'ok' | 'missing' | 'broken'
  /** Why it is missing or broken, and what to do. */
  note?: string | undefined
  hint?: string | undefined
}

/** Everything that can be told without opening a device. */
export async function inspectMachine(
  environment: Record<string, string | undefined> = process.env,
): Promise<Finding[]> {
  return [
    fact('hone', 'version', fullVersion),
    fact(
      'hone',
      'form',
      Bun.isStandaloneExecutable ? `binary ${process.execPath}` : `source ${join(import.meta.dir, '..', '..', '..')}`,
    ),
    fact('runtime', 'Bun', `${Bun.version} (${Bun.revision.slice(0, 9)})`),
    fact('machine', 'system', `${process.platform}-${process.arch}, kernel ${release()}`),
    fact(
      'machine',
      'processor',
      `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} usable of ${cpus().length} cores`,
    ),
    fact('machine', 'vector units', INTERESTING.filter((each) => vectorUnits().has(each)).join(' ') || 'unknown'),
    memory(),
    cache(cacheFolder(environment)),
    fact(
      'models',
      'families',
      Object.values(families)
        .map(({ line }) => line)
        .join(', '),
    ),
    fact('models', hubCache(environment), downloaded(hubModels(environment))),
    ...(await inForce(environment)),
  ]
}

/** Models of the Hugging Face cache, whose names every --model takes. */
function downloaded(models: readonly string[]): string {
  if (models.length === 0) return 'no model downloaded; hf download ORG/NAME brings one'
  const shown = models.slice(0, 5)
  return `${shown.join(', ')}${models.length > shown.length ? ` and ${models.length - shown.length} more` : ''}`
}

function fact(area: string, name: string, value: string): Finding {
  return { area, name, value, state: 'ok' }
}

const INTERESTING = [
  'sse4_2',
  'avx',
  'avx2',
  'f16c',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx_vnni',
  'avx512_bf16',
  'amx_bf16',
  'asimd',
  'asimdhp',
  'bf16',
  'i8mm',
  'sve',
]

/** A container's limit counts where it is below what the machine has. */
function memory(): Finding {
  const limit = Number(readOr('/sys/fs/cgroup/memory.max', '')) || Infinity
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(readOr('/proc/meminfo', ''))?.[1] ?? 0) * 1024 || freemem()
  const total = Math.min(totalmem(), limit)
  return fact(
    'machine',
    'memory',
    `${bytes(Math.min(available, total))} available of ${bytes(total)}${limit < totalmem() ? ' (limit of the container)' : ''}`,
  )
}

function cache(folder: string): Finding {
  if (canWrite(folder)) return fact('cache', folder, existsSync(folder) ? bytes(sizeOf(folder)) : 'empty')
  return {
    area: 'cache',
    name: folder,
    value: 'not writable',
    state: 'broken',
    note: 'ONNX Runtime is unpacked into it',
    hint: 'set HONE_CACHE to a folder that can be written',
  }
}

async function inForce(environment: Record<string, string | undefined>): Promise<Finding[]> {
  const known = await knownVariables()
  const names = Object.keys(environment).filter((name) => name.startsWith('HONE_') || Object.hasOwn(known, name))
  return names.sort().map((name): Finding => {
    const found = fact('environment', name, /TOKEN|KEY/.test(name) ? 'set, not shown' : (environment[name] ?? ''))
    if (known[name] !== undefined) return { ...found, note: known[name] }
    return {
      ...found,
      state: 'missing',
      note: 'hone reads no such variable',
      hint: didYouMean(name, Object.keys(known)),
    }
  })
}

/** True if the folder can be written, or made. */
function canWrite(folder: string): boolean {
  if (!existsSync(folder)) return dirname(folder) !== folder && canWrite(dirname(folder))
  try {
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return fallback
  }
}

const bytes = (count: number): string =>
  count < 2 ** 30 ? `${(count / 2 ** 20).toFixed(1)} MiB` : `${(count / 2 ** 30).toFixed(1)} GiB`
