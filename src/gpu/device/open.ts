// Opening a device: the CPU, or CUDA where its provider is installed.
import { cpus } from 'node:os'
import { HoneError } from '../../error.ts'
import { detail } from '../../out.ts'
import { notice } from '../../shell/notice.ts'
import { findCudaProvider, loadCudaLibraries } from '../ort/cuda-library.ts'
import { libraryPath } from '../ort/library.ts'
import { openOrt, type Ort } from '../ort/ort.ts'
import { crowdWatch, usualThreads } from './crowd.ts'
import { cudaBackend } from './cuda.ts'
import type { Device } from './device.ts'
import { hostBackend } from './host.ts'
import type { DTypeSpec } from './precision.ts'
import { deviceOver } from './resident.ts'
import type { DeviceSpec } from './spec.ts'

interface Options {
  threads?: number | undefined
  dtype?: DTypeSpec | undefined
}

/**
 * Opens a device; `auto` is CUDA where that can be opened, else the CPU. `threads` (default: `HONE_THREADS`, else all cores that it may use) is for the one pool
 * that all sessions share, and counts for the first device that a process opens. Models compute
 * there in `dtype` (default: float32). Throws HoneError where the device or its
 * libraries are missing.
 */
export async function openDevice(spec: DeviceSpec, options: Options = {}): Promise<Device> {
  const device = await open(spec, options)
  detail(`opened the device ${device.name}: ${device.description}`)
  return device
}

async function open(spec: DeviceSpec, options: Options): Promise<Device> {
  const { threads, dtype = 'f32' } = options
  if (spec === 'cpu') {
    const ort = ortAt(await libraryPath(), threads)
    return deviceOver(ort, hostBackend(ort, crowdWatch({ threads: ort.threads, cores: cpus().length })), dtype)
  }
  if (spec === 'auto') return await openBest(options)
  const libraries = await loadCudaLibraries()
  const ort = ortAt(libraries.ort, threads)
  const backend = cudaBackend(ort, libraries.runtime, Number(spec.split(':')[1] ?? 0), dtype === 'tf32')
  return deviceOver(ort, backend, dtype)
}

/** CUDA where it is installed and opens; where it is installed and does not, that is said. */
async function openBest(options: Options): Promise<Device> {
  if ((await findCudaProvider()) === undefined) return await open('cpu', options)
  try {
    return await open('cuda', options)
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    notice.warn(`${error.message}: the CPU is used`)
    return await open('cpu', options)
  }
}

/** Version of the ONNX Runtime that the CPU uses, as the library itself says it. */
export async function runtimeVersion(): Promise<string> {
  return ortAt(await libraryPath(), undefined).version
}

/** ONNX Runtime as loaded from each path: CUDA may come with a library of its own. */
const loaded = new Map<string, Ort>()

function ortAt(path: string, threads = usualThreads()): Ort {
  const ort = loaded.get(path) ?? openOrt(path, threads)
  loaded.set(path, ort)
  return ort
}
