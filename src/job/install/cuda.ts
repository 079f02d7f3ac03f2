// hone doctor --install cuda: ONNX Runtime's CUDA provider and what the machine lacks of CUDA's libraries, fetched into the cache.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { HoneError } from '../../error.ts'
import { runtimeVersion } from '../../gpu/device/open.ts'
import { cudaDriver } from '../../gpu/ort/cuda-driver.ts'
import { loadGlobally } from '../../gpu/ort/libc.ts'
import { clearStatus, log, status } from '../../out.ts'
import { cacheFolder } from '../../shell/cache.ts'
import { notice } from '../../shell/notice.ts'
import { table } from '../../shell/table.ts'
import { folderOf, indexAt, OFFLINE, type Offer, type Source, usualIndex } from './index.ts'
import { unpackWheel } from './unpack.ts'
import { byRelease, CUDA_VERSION, normalized, readWheelName, runsHere, type WheelRow, wheels } from './wheels.ts'

export interface InstallOptions {
  /** Says what would be done, and does nothing. */
  dryRun: boolean
  /** A folder of wheels, a wheel, or the address of an index; pip's own unless given. */
  from?: string | undefined
}

/** One wheel to fetch, with the libraries to take from it. */
interface Piece {
  row: WheelRow
  offer: Offer
}

/** @throws HoneError where this machine cannot use it, a place cannot be reached, or a file is not what it should be. */
export async function installCuda({ dryRun, from }: InstallOptions): Promise<void> {
  if (process.platform !== 'linux')
    throw new HoneError(`Cannot install CUDA on ${process.platform}: hone computes on NVIDIA GPUs under Linux`)
  tellOfDriver()
  const runtime = await runtimeVersion()
  const source = sourceOf(from)
  const rows = wheels.filter((row) => !row.mayBeThere || Object.values(row.files(runtime)).some(isLacking))
  const pieces: Piece[] = []
  for (const row of rows) pieces.push({ row, offer: await bestOf(row, runtime, source) })
  const folder = join(cacheFolder(), 'cuda')
  for (const line of table(
    pieces.map(({ row, offer }) => [offer.file, size(offer.size), Object.values(row.files(runtime)).join(' ')]),
  ))
    log(line)
  for (const row of wheels) if (!rows.includes(row)) log(`${row.package} is not needed: the system has its libraries`)
  if (dryRun) return log(`would be unpacked into ${folder}`)
  await place(pieces, runtime, folder)
  notice.success(`installed into ${folder}; \`hone doctor\` shows whether the device opens`)
}

/** The driver brings what no package does. */
function tellOfDriver(): void {
  const driver = cudaDriver()
  if (driver === undefined) return notice.warn('there is no NVIDIA driver here: the device opens once it is installed')
  const words = `NVIDIA driver ${driver.release ?? 'of unknown release'}, for CUDA ${cudaText(driver.cuda)}`
  if (driver.cuda < CUDA_VERSION)
    throw new HoneError(`Cannot use CUDA ${cudaText(CUDA_VERSION)} here: there is ${words}`, {
      hint: 'install a driver of release 580 or later',
    })
  log(words)
}

const cudaText = (version: number): string => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`

function sourceOf(from: string | undefined): Source {
  if (from === undefined) return indexAt(usualIndex())
  if (/^https?:\/\//.test(from)) return indexAt(from)
  if (existsSync(from)) return folderOf(from)
  throw new HoneError('Cannot install from there: there is no such folder, wheel or address', { at: from })
}

/** Whether the loader does not find a library by its name. */
const isLacking = (library: string): boolean => loadGlobally(library) !== undefined

/** The newest wheel that fits this machine. */
async function bestOf(row: WheelRow, runtime: string, source: Source): Promise<Offer> {
  const fitting = (await source(row.package)).flatMap((offer) => {
    const name = readWheelName(offer.file)
    const fits =
      name?.package === normalized(row.package) && row.fits(name.release, runtime) && runsHere(name, process.arch)
    return name && fits ? [{ offer, name }] : []
  })
  const best = fitting
    .toSorted((a, b) => byRelease(a.name.release, b.name.release) || byRelease(b.name.python, a.name.python))
    .at(-1)
  if (best) return best.offer
  throw new HoneError(
    `Cannot find a wheel of ${row.package} that fits ONNX Runtime ${runtime} on linux-${process.arch}`,
    {
      hint: OFFLINE,
    },
  )
}

/** All or nothing: the folder takes its place when everything in it is whole. */
async function place(pieces: readonly Piece[], runtime: string, folder: string): Promise<void> {
  const [beside, old] = [`${folder}.${process.pid}.tmp`, `${folder}.${process.pid}.old`]
  sweep(folder)
  mkdirSync(beside, { recursive: true })
  try {
    for (const { row, offer } of pieces) {
      const { file, url, sha256 } = offer
      await unpackWheel(shown(file, offer.size, await open(url)), url, {
        wanted: row.files(runtime),
        folder: beside,
        sha256,
      })
      log(`unpacked ${file}`)
    }
    if (existsSync(folder)) renameSync(folder, old)
    renameSync(beside, folder)
  } finally {
    clearStatus()
    for (const each of [beside, old]) rmSync(each, { recursive: true, force: true })
  }
}

/** What installations that were ended left behind. */
function sweep(folder: string): void {
  const [parent, name] = [dirname(folder), basename(folder)]
  if (!existsSync(parent)) return
  for (const entry of readdirSync(parent)) {
    const [, process = ''] = new RegExp(`^${name}\\.(\\d+)\\.(?:tmp|old)$`).exec(entry) ?? []
    if (process !== '' && !existsSync(`/proc/${process}`)) rmSync(join(parent, entry), { recursive: true, force: true })
  }
}

async function open(url: string): Promise<AsyncIterable<Uint8Array>> {
  if (url.startsWith('file:')) return Bun.file(new URL(url)).stream()
  try {
    const response = await fetch(url)
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`)
    return response.body
  } catch (cause) {
    throw new HoneError(`Cannot fetch the package: ${cause instanceof Error ? cause.message : String(cause)}`, {
      at: url,
      hint: OFFLINE,
      cause,
    })
  }
}

/** The chunks, with how far they are on the status line. */
async function* shown(
  file: string,
  total: number | null,
  chunks: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let [read, drawn] = [0, 0]
  const start = performance.now()
  for await (const chunk of chunks) {
    yield chunk
    read += chunk.length
    const now = performance.now()
    if (now - drawn < 100) continue
    drawn = now
    const rate = read / ((now - start) / 1000)
    const left = total === null ? '' : ` of ${size(total)}, ${Math.ceil((total - read) / rate)} s left`
    status(`${file}  ${size(read)}${left}`)
  }
}

const size = (bytes: number | null): string => (bytes === null ? '' : `${(bytes / 1e6).toFixed(1)} MB`)
