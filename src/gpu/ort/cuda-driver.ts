// The NVIDIA driver of this machine: which release, and for which CUDA. Knows pointers, as cudart.ts does.
import { dlopen } from 'bun:ffi'
import { existsSync, readFileSync } from 'node:fs'

export interface CudaDriver {
  /** Such as 580.82.07. */
  release: string | undefined
  /** The newest CUDA that it runs: 1000 × major + 10 × minor. */
  cuda: number
}

/** Undefined where there is none, or one that does not answer. */
export function cudaDriver(): CudaDriver | undefined {
  const version = new Int32Array(1)
  try {
    const { symbols } = dlopen('libcuda.so.1', { cuDriverGetVersion: { args: ['ptr'], returns: 'i32' } })
    if (symbols.cuDriverGetVersion(version) !== 0) return undefined
  } catch {
    return undefined
  }
  const about = existsSync(ABOUT) ? readFileSync(ABOUT, 'utf8') : ''
  return { release: /\s(\d+\.\d+(?:\.\d+)?)\s/.exec(about)?.[1], cuda: version[0]! }
}

const ABOUT = '/proc/driver/nvidia/version'
