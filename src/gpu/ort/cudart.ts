// The CUDA runtime library: device memory and copies. Knows pointers, as ort.ts, slots.ts and libc.ts do.
import { dlopen, type FFIFunction } from 'bun:ffi'
import { HoneError } from '../../error.ts'
import { type Memory, outOfMemory, type Stretches, text } from './libc.ts'
import type { Argument } from './slots.ts'

/** All return a cudaError_t (0: success) but cudaGetErrorString. */
const functions = {
  cudaGetErrorString: { args: ['i32'], returns: 'ptr' },
  cudaGetDeviceCount: { args: ['ptr'], returns: 'i32' },
  cudaSetDevice: { args: ['i32'], returns: 'i32' },
  cudaGetDeviceProperties: { args: ['ptr', 'i32'], returns: 'i32' },
  cudaDeviceGetAttribute: { args: ['ptr', 'i32', 'i32'], returns: 'i32' },
  cudaMemGetInfo: { args: ['ptr', 'ptr'], returns: 'i32' },
  cudaStreamCreateWithFlags: { args: ['ptr', 'u32'], returns: 'i32' },
  cudaStreamSynchronize: { args: ['ptr'], returns: 'i32' },
  cudaMalloc: { args: ['ptr', 'u64'], returns: 'i32' },
  cudaFree: { args: ['ptr'], returns: 'i32' },
  cudaMemsetAsync: { args: ['ptr', 'i32', 'u64', 'ptr'], returns: 'i32' },
  cudaMemcpyAsync: { args: ['ptr', 'ptr', 'u64', 'i32', 'ptr'], returns: 'i32' },
  cudaMemcpy2DAsync: { args: ['ptr', 'u64', 'ptr', 'u64', 'u64', 'u64', 'i32', 'ptr'], returns: 'i32' },
} as const satisfies Record<string, FFIFunction>

export type CudaRuntime = ReturnType<typeof openCudaRuntime>

/** The runtime library of that file name, loaded already. */
export function openCudaRuntime(name: string) {
  const library = dlopen(name, functions).symbols as unknown as Symbols
  const out = new BigUint64Array(new ArrayBuffer(8))

  function check(what: string, code: number | null): void {
    if (code !== 0) throw new HoneError(`Cannot ${what}: ${text(library.cudaGetErrorString(code))}`)
  }

  return {
    devices(): number {
      check('count CUDA devices', library.cudaGetDeviceCount(out))
      return Number(out[0]! & 0xffff_ffffn)
    },
    /** Makes device `n` the one that all other calls are about, and returns its name, as `NVIDIA H100`, and the first number of its compute capability. */
    select(n: number): { name: string; major: number } {
      check(`use CUDA device ${n}`, library.cudaSetDevice(n))
      const properties = new Uint8Array(new ArrayBuffer(PROPERTIES_BYTES))
      check(`describe CUDA device ${n}`, library.cudaGetDeviceProperties(properties, n))
      check(`ask CUDA device ${n} for its compute capability`, library.cudaDeviceGetAttribute(out, CAPABILITY_MAJOR, n))
      const name = new TextDecoder().decode(properties.subarray(0, properties.indexOf(0)))
      return { name, major: Number(out[0]! & 0xffff_ffffn) }
    },
    /** Free and total memory in bytes. */
    memory(): { free: number; total: number } {
      const total = new BigUint64Array(new ArrayBuffer(8))
      check('ask for the free CUDA memory', library.cudaMemGetInfo(out, total))
      return { free: Number(out[0]), total: Number(total[0]) }
    },
    /** A stream of work that is done in order. Returns its address. */
    stream(): number {
      check('make a CUDA stream', library.cudaStreamCreateWithFlags(out, NON_BLOCKING))
      return Number(out[0])
    },
    /** Memory of `bytes` zeros. */
    allocate(bytes: number, stream: number): Memory {
      if (library.cudaMalloc(out, Math.max(1, bytes)) !== 0)
        throw outOfMemory(`Cannot allocate ${(bytes / 2 ** 30).toFixed(1)} GiB of CUDA memory`)
      const memory = { address: Number(out[0]), bytes }
      if (bytes > 0) check('clear CUDA memory', library.cudaMemsetAsync(memory.address, 0, bytes, stream))
      return memory
    },
    release({ address }: Memory): void {
      check('free CUDA memory', library.cudaFree(address))
    },
    /** Copies all of `data`; it may be changed as soon as this returns. */
    write({ address }: Memory, offset: number, data: NodeJS.TypedArray, stream: number): void {
      if (data.byteLength === 0) return
      check('copy to CUDA memory', library.cudaMemcpyAsync(address + offset, data, data.byteLength, TO_DEVICE, stream))
      check('copy to CUDA memory', library.cudaStreamSynchronize(stream))
    },
    /** From device memory to device memory, in the order of the stream. */
    copy(
      source: Memory,
      target: Memory,
      { bytes, count, from, fromPitch, to, toPitch }: Stretches,
      stream: number,
    ): void {
      const [at, start] = [target.address + to, source.address + from]
      check(
        'copy CUDA memory',
        library.cudaMemcpy2DAsync(at, toPitch, start, fromPitch, bytes, count, ON_DEVICE, stream),
      )
    },
    /** Fills `data`. */
    read({ address }: Memory, offset: number, data: NodeJS.TypedArray, stream: number): void {
      if (data.byteLength === 0) return
      check('copy from CUDA memory', library.cudaMemcpyAsync(data, address + offset, data.byteLength, TO_HOST, stream))
      check('copy from CUDA memory', library.cudaStreamSynchronize(stream))
    },
  }
}

const NON_BLOCKING = 1 // cudaStreamNonBlocking
const [TO_DEVICE, TO_HOST, ON_DEVICE] = [1, 2, 3] // cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice
/** cudaDevAttrComputeCapabilityMajor */
const CAPABILITY_MAJOR = 75
/** More than any version's cudaDeviceProp; the name comes first in all of them. */
const PROPERTIES_BYTES = 8192

type Symbols = Record<keyof typeof functions, (...values: Argument[]) => number | null>
