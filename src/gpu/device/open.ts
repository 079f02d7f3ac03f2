// Opening a device: the CPU, or CUDA where its provider is installed.
import { cpus } from 'node:os'
import { HoneError } from '../../error.ts'
import { detail } from '../../out.ts'
import { notice } from '../../shell/notice.ts'
import { findCudaProvider, loadCudaLibraries } from '../ort/cuda-library.ts'
import { libraryPath } from '../ort/library.ts'
import { openOrt, type Ort } from '../ort/ort.ts'
import { coresAllowed, crowdWatch } from './crowd.ts'
import { cudaBackend } from './cuda.ts'
import type { Device } from './device.ts'
import { hostBackend } from './host.ts'
import { deviceOver } from './resident.ts'
import type { DeviceSpec } from './spec.ts'

/**
 * Opens a device; `auto` is CUDA where that can be opened, else the CPU. `threads` (default: all cores that it may use) is for the one pool
 * that all sessions share, and counts for the first device that a process opens. Throws HoneError where the device or its
 * libraries are missing.
 */
export async function openDevice(spec: DeviceSpec, options: { threads?: number | undefined } = {}): Promise<Device> {
  const device = await open(spec, options)
  detail(`opened the device ${device.name}: ${device.description}`)
  return device
}

async function open(spec: DeviceSpec, { threads }: { threads?: number | undefined }): Promise<Device> {
  if (spec === 'cpu') {
    const ort = ortAt(await libraryPath(), threads)
    return deviceOver(ort, hostBackend(ort, crowdWatch({ threads: ort.threads, cores: cpus().length })))
  }
  if (spec === 'auto') return await openBest(threads)
  const libraries = await loadCudaLibraries()
  const ort = ortAt(libraries.ort, threads)
  return deviceOver(ort, cudaBackend(ort, libraries.runtime, Number(spec.split(':')[1] ?? 0)))
}

/** CUDA where it is installed and opens; where it is installed and does not, that is said. */
async function openBest(threads: number | undefined): Promise<Device> {
  if ((await findCudaProvider()) === undefined) return await open('cpu', { threads })
  try {
    return await open('cuda', { threads })
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    notice.warn(`${error.message}: the CPU is used`)
    return await open('cpu', { threads })
  }
}

/** Version of the ONNX Runtime that the CPU uses, as the library itself says it. */
export async function runtimeVersion(): Promise<string> {
  return ortAt(await libraryPath(), undefined).version
}

/** ONNX Runtime as loaded from each path: CUDA may come with a library of its own. */
const loaded = new Map<string, Ort>()

function ortAt(path: string, threads = coresAllowed()): Ort {
  const ort = loaded.get(path) ?? openOrt(path, threads)
  loaded.set(path, ort)
  return ort
}
