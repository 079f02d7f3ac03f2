// Where the ONNX Runtime shared library lies; a compiled hone carries it and unpacks it into the cache once.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cacheFolder } from '../../shell/cache.ts'
import { HoneError } from '../../error.ts'
import { detail } from '../../out.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'

interface Embedded {
  /** The name under which the library looks for its neighbours, and they for it. */
  name: string
  path: string
}

/**
 * Path of libonnxruntime: in `HONE_ORT_DIR` where that is set, else the one that came with hone.
 * Throws HoneError when it is not there, when the platform has none, and when the cache cannot be written.
 */
export async function libraryPath(): Promise<string> {
  const { name, path } = await embedded()
  const folder = process.env['HONE_ORT_DIR']
  if (folder) {
    // Python packages name the file by its full version: libonnxruntime.so.1.30.0.
    const file = existsSync(folder) ? readdirSync(folder).find((file) => `${file}.`.startsWith(`${name}.`)) : undefined
    if (file !== undefined) return join(folder, file)
    throw new HoneError(`Cannot find ONNX Runtime: there is no "${join(folder, name)}"`, {
      hint: `unset HONE_ORT_DIR, or point it at a folder that holds ${name}`,
    })
  }
  return PACKED.test(path) ? await unpack(path, name) : path
}

/** Where the files inside a binary seem to lie; on Windows on a drive of their own. */
const PACKED = /^(\/\$bunfs\/|B:[/\\]~BUN[/\\])/

/** The bundler keeps the branch of its target only, so that a binary carries one library. */
async function embedded(): Promise<Embedded> {
  if (process.platform === 'linux' && process.arch === 'x64') return (await import('./embed.linux-x64.ts')).default
  if (process.platform === 'linux' && process.arch === 'arm64') return (await import('./embed.linux-arm64.ts')).default
  if (process.platform === 'darwin' && process.arch === 'arm64')
    return (await import('./embed.darwin-arm64.ts')).default
  if (process.platform === 'win32' && process.arch === 'x64') return (await import('./embed.win32-x64.ts')).default
  throw new HoneError(`Cannot find ONNX Runtime: there is none for ${process.platform}-${process.arch}`)
}

/** Whether the file may be run: one that anyone else put there, or that is damaged, is replaced. Comparing takes 10 ms, loading code of others everything. */
function isOurs(path: string, content: Buffer): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return (
    found?.isFile() === true && found.uid === (process.getuid?.() ?? found.uid) && content.equals(readFileSync(path))
  )
}

/** The file `packed` of the binary in the cache, under `name`. Several processes may do this at once: each writes its own file, and the renames agree. The bundler's name holds the content's hash. */
export async function unpack(packed: string, name: string): Promise<string> {
  const folder = join(cacheFolder(), basename(packed))
  const path = join(folder, name)
  const source = readFileSync(packed)
  if (isOurs(path, source)) return path
  detail(`unpacking ONNX Runtime into ${folder}`)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileAtomic(path, source)
  } catch (cause) {
    throw new HoneError(
      `Cannot unpack ONNX Runtime into "${folder}": ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'set HONE_CACHE to a folder that can be written',
        cause,
      },
    )
  }
  return path
}
