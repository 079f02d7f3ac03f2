// Where the libraries of the CUDA provider lie, and what is missing where they do not.
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { cacheFolder } from '../../shell/cache.ts'
import { HoneError } from '../../error.ts'
import { loadGlobally } from './libc.ts'
import { libraryPath } from './library.ts'

export interface CudaLibraries {
  /** Path of libonnxruntime: ONNX Runtime looks for its providers beside itself. */
  readonly ort: string
  /** File name of the CUDA runtime library, by which the loader knows it. */
  readonly runtime: string
}

const PROVIDERS = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so']
/** In an order in which each finds what it needs loaded. */
const CUDA_LIBRARIES = ['cuda', 'cudart', 'cublasLt', 'cublas', 'curand']

const INSTALL = '`hone doctor --install cuda` fetches it, for use where HONE_ORT_DIR is not set; or use --device cpu'
const HINTS: Record<string, string> = {
  cuda: 'it comes with the NVIDIA driver: install that, or use --device cpu',
}

/**
 * Where ONNX Runtime may lie with its CUDA provider beside it, the first to be preferred: in `HONE_ORT_DIR`, else in the folder
 * `cuda` of the cache and where the library is that came with hone.
 */
async function places(): Promise<string[]> {
  const packaged = await libraryPath()
  return process.env['HONE_ORT_DIR'] ? [packaged] : [join(cacheFolder(), 'cuda', basename(packaged)), packaged]
}

/** Path of libonnxruntime with a CUDA provider beside it; undefined where none is installed. */
export async function findCudaProvider(): Promise<string | undefined> {
  const isComplete = (path: string) =>
    existsSync(path) && PROVIDERS.every((file) => existsSync(join(dirname(path), file)))
  return (await places()).find(isComplete)
}

/**
 * Finds the provider and loads the CUDA libraries that it needs: from its own folder, from the Python packages installed beside
 * it, or from the loader's path. Throws HoneError that says what is missing and how to get it.
 */
export async function loadCudaLibraries(): Promise<CudaLibraries> {
  const ort = await findCudaProvider()
  if (ort === undefined) {
    const folders = (await places()).map((path) => `"${dirname(path)}"`).join(' or ')
    throw new HoneError(`Cannot open CUDA: there is no ${PROVIDERS[1]} in ${folders}`, { hint: INSTALL })
  }
  const folder = dirname(ort)
  const needed = namedLibraries(join(folder, PROVIDERS[1]!))
  for (const [stem, file] of needed) {
    const place = [folder, ...pythonPackages(folder)].find((place) => existsSync(join(place, file)))
    const objection = loadGlobally(place === undefined ? file : join(place, file))
    if (objection !== undefined)
      throw new HoneError(`Cannot open CUDA: ${objection}`, { at: folder, hint: HINTS[stem] ?? INSTALL })
  }
  return { ort, runtime: needed.get('cudart') ?? 'libcudart.so' }
}

/** File names of the CUDA libraries that a provider is linked to, by stem: they stand near its beginning, in its table of strings. */
function namedLibraries(provider: string): Map<string, string> {
  const head = Buffer.alloc(HEAD_BYTES)
  const file = openSync(provider, 'r')
  const length = readSync(file, head, 0, HEAD_BYTES, 0)
  closeSync(file)
  const text = head.toString('latin1', 0, length)
  return new Map(
    CUDA_LIBRARIES.flatMap((stem) => {
      const name = text.match(new RegExp(`lib${stem}\\.so\\.\\d+`))?.[0]
      return name === undefined ? [] : [[stem, name]]
    }),
  )
}

/** Folders of NVIDIA's Python packages, where `folder` is onnxruntime/capi of an installation of Python packages. */
function pythonPackages(folder: string): string[] {
  const root = join(folder, '..', '..', 'nvidia')
  return existsSync(root) ? readdirSync(root).map((name) => join(root, name, 'lib')) : []
}

const HEAD_BYTES = 1 << 20
