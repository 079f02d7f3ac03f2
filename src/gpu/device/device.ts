// Tensors on a device and graphs compiled for it. Nothing outside src/gpu may assume that tensors lie in host memory.
import { availableParallelism, loadavg } from 'node:os'
import { HoneError } from '../../error.ts'
import { notice } from '../../shell/notice.ts'
import { findCudaProvider, loadCudaLibraries } from '../ort/cuda-library.ts'
import { cudaBackend } from './cuda.ts'
import { hostBackend } from './host.ts'
import { libraryPath } from '../ort/library.ts'
import { openOrt, type Ort } from '../ort/ort.ts'
import type { OpTime } from './profile.ts'
import { deviceOver, type resident, type Resident } from './resident.ts'
import type { ArrayOf, DType, Shape } from '../graph/tensor.ts'

/** Elements in a device's memory; `[]` is the shape of a scalar. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: Shape
  readonly device: Device
  readonly [resident]: Resident
}

export interface Device {
  /** `cpu`, `cuda:0` … */
  readonly name: string
  /** What it is, for people: threads, or the GPU's name and memory. */
  readonly description: string
  /** What the program moved between its arrays and tensors, and how often graphs ran. */
  readonly counters: { uploads: number; downloads: number; bytesUp: number; bytesDown: number; runs: number }
  /** A tensor of zeros. Its memory is kept until `free`. */
  alloc<D extends DType>(dtype: D, shape: Shape): Tensor<D>
  /** Part of a tensor's memory, from element `offset` (default 0), in another shape: shares the memory, copies nothing. */
  view<D extends DType>(tensor: Tensor<D>, shape: Shape, offset?: number): Tensor<D>
  /** Overwrites the whole tensor with as many elements of its type. */
  upload<D extends DType>(tensor: Tensor<D>, data: ArrayOf<D>): void
  /**
   * The tensor's elements. On the CPU a live view of its memory, which later runs change and `free` empties; elsewhere
   * a copy. Take a `slice()` to keep them.
   */
  download<D extends DType>(tensor: Tensor<D>): ArrayOf<D>
  /** Gives the memory back, and with it that of every view of it. Freeing a view only forgets the view. */
  free(tensor: Tensor): void
  /** Compiles a serialised ONNX model; `name` is how errors call it. */
  compile(model: Uint8Array, name: string, options?: CompileOptions): Session
}

export interface CompileOptions {
  /** Record the time of every operator; `Session.profile` reads it. */
  profile?: boolean
}

export interface Session {
  readonly name: string
  bind(): Binding
  /** Time by operator since the session was compiled, slowest first; ends the recording. Empty unless it was asked for. */
  profile(): OpTime[]
  /** Frees the compiled graph. Its bindings must be freed before. */
  free(): void
}

/** Tensors tied to a session's inputs and outputs. Binding a name again replaces its tensor and costs about 1 µs. */
export interface Binding {
  input(name: string, tensor: Tensor): Binding
  /**
   * The tensor must have the shape that the graph computes. It may be one that is also bound as an input: that is not
   * checked, and wrong wherever another node reads the input after it was written.
   */
  output(name: string, tensor: Tensor): Binding
  /** Runs the graph to its end. */
  run(): void
  free(): void
}

/** A device as it is asked for. */
export type DeviceSpec = 'cpu' | 'cuda' | `cuda:${number}` | 'auto'

/**
 * Opens a device; `auto` is CUDA where that can be opened, else the CPU. `threads` (default: all cores) is for the one pool
 * that all sessions share, and counts for the first device that a process opens. Throws HoneError where the device or its
 * libraries are missing.
 */
export async function openDevice(
  spec: DeviceSpec,
  { threads }: { threads?: number | undefined } = {},
): Promise<Device> {
  if (spec === 'cpu') {
    const ort = ortAt(await libraryPath(), threads)
    return deviceOver(ort, hostBackend(ort))
  }
  if (spec === 'auto') return await openBest(threads)
  const index = /^cuda(?::(\d+))?$/.exec(spec)
  if (index === null) throw new HoneError(`Cannot open device "${spec}"`, { hint: 'Use cpu, cuda, cuda:N or auto.' })
  const libraries = await loadCudaLibraries()
  const ort = ortAt(libraries.ort, threads)
  return deviceOver(ort, cudaBackend(ort, libraries.runtime, Number(index[1] ?? 0)))
}

/** CUDA where it is installed and opens; where it is installed and does not, that is said. */
async function openBest(threads: number | undefined): Promise<Device> {
  if ((await findCudaProvider()) === undefined) return await openDevice('cpu', { threads })
  try {
    return await openDevice('cuda', { threads })
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    notice.warn(`${error.message}: the CPU is used`)
    return await openDevice('cpu', { threads })
  }
}

/** Version of the ONNX Runtime that the CPU uses, as the library itself says it. */
export async function runtimeVersion(): Promise<string> {
  return ortAt(await libraryPath(), undefined).version
}

/** ONNX Runtime as loaded from each path: CUDA may come with a library of its own. */
const loaded = new Map<string, Ort>()

function ortAt(path: string, threads = availableParallelism()): Ort {
  const ort = loaded.get(path) ?? openOrt(path, { threads, spin: !isCrowded() })
  loaded.set(path, ort)
  return ort
}

/**
 * More work than cores. Measured on two: with no other work a training step is 12 % faster where idle threads spin,
 * among four times as many threads as cores it is 1.3 to 3 times slower.
 */
function isCrowded(): boolean {
  return loadavg()[0]! > 1.5 * availableParallelism()
}
