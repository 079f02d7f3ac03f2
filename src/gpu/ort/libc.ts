// The C library: memory outside JavaScript's heap, and the loader. Knows pointers, as ort.ts, slots.ts and cudart.ts do.
import { CString, dlopen, toArrayBuffer, type Pointer } from 'bun:ffi'
import { HoneError } from '../../error.ts'

/** A stretch of memory that tensors lie in. */
export interface Memory {
  readonly address: number
  readonly bytes: number
}

/** Host memory, which begins at a multiple of 64 bytes (a cache line, and the widest vector) inside an allocation. */
export interface HostMemory extends Memory {
  readonly allocation: number
}

/**
 * `bytes` zeros. Not in an ArrayBuffer: the garbage collector lets its heap grow with the memory that ArrayBuffers hold,
 * and a model of two gigabytes then carries two of garbage.
 */
export function allocateHost(bytes: number): HostMemory {
  const allocation = libc().calloc(bytes + ALIGNMENT, 1)
  if (allocation === null) throw outOfMemory(`Cannot allocate ${(bytes / 2 ** 30).toFixed(1)} GiB of memory`)
  if (bytes >= LARGE && process.platform === 'linux') inLargePages(allocation, bytes)
  return { allocation, address: Math.ceil(allocation / ALIGNMENT) * ALIGNMENT, bytes }
}

/**
 * Asks for pages of 2 MiB wherever a whole one lies in the memory: products look up far fewer places then. Measured with AVX2 on a virtual machine,
 * blocks of SmolLM2's shape: forward of 384 rows 30.8 → 33.0 GFLOP/s, the linear maps of 8 rows after attention 2.7 → 2.4 ms. Many systems give
 * them to those who ask alone (`madvise` in /sys/kernel/mm/transparent_hugepage/enabled); where there are none, nothing changes.
 */
function inLargePages(address: number, bytes: number): void {
  const start = Math.ceil(address / LARGE_PAGE) * LARGE_PAGE
  const end = Math.floor((address + bytes) / LARGE_PAGE) * LARGE_PAGE
  if (end > start) libc().madvise(start, end - start, MADV_HUGEPAGE)
}

export function freeHost({ allocation }: HostMemory): void {
  libc().free(allocation)
}

/** Gives what was freed back to the system, which glibc does not where a block of up to 32 MiB was freed among others. */
export function trimHost(): void {
  if (process.platform === 'linux') libc().malloc_trim(0)
}

/** Copies all of `data` to byte `offset`. */
export function writeHost({ address }: Memory, offset: number, data: NodeJS.TypedArray): void {
  if (data.byteLength > 0) libc().memcpy(address + offset, data, data.byteLength)
}

/** Fills `data` with what lies from byte `offset` on. */
export function readHost({ address }: Memory, offset: number, data: NodeJS.TypedArray): void {
  if (data.byteLength > 0) libc().memcpy(data, address + offset, data.byteLength)
}

/** So many stretches of as many bytes: where they begin, and how far apart they lie. */
export interface Stretches {
  bytes: number
  count: number
  from: number
  fromPitch: number
  to: number
  toPitch: number
}

export function copyHost(source: Memory, target: Memory, stretches: Stretches): void {
  const { bytes, count, from, fromPitch, to, toPitch } = stretches
  const { memcpy } = libc()
  const [start, at] = [source.address + from, target.address + to]
  if (fromPitch === bytes && toPitch === bytes) memcpy(at, start, bytes * count)
  else for (let i = 0; i < count; i++) memcpy(at + i * toPitch, start + i * fromPitch, bytes)
}

/** The memory as a buffer, without a copy. It must be detached before the memory is freed. */
export function viewHost({ address, bytes }: Memory): ArrayBuffer {
  return bytes === 0 ? new ArrayBuffer(0) : toArrayBuffer(address as Pointer, 0, bytes)
}

/** What does not fit is for the user to make smaller: no bug. */
export function outOfMemory(message: string): HoneError {
  return new HoneError(message, { hint: 'train on fewer tokens at a time, with shorter completions, or with LoRA' })
}

/** Loads a library for the whole process. Returns what the loader objects to, or nothing. */
export function loadGlobally(path: string): string | undefined {
  return libc().dlopen(cString(path), LAZY_GLOBAL) === null ? text(libc().dlerror()) : undefined
}

export function cString(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`)
}

/** The C string at an address; empty for null. */
export function text(address: unknown): string {
  return address === null ? '' : new CString(address as Pointer).toString()
}

const ALIGNMENT = 64
const LARGE_PAGE = 2 ** 21
/** Bytes from which memory is asked for in large pages: models and what is kept for a backward pass, not buffers that are filled in part. */
const LARGE = 2 ** 25
const MADV_HUGEPAGE = 14 // asm-generic/mman-common.h
const LAZY_GLOBAL = 0x101 // RTLD_LAZY | RTLD_GLOBAL (bits/dlfcn.h)

type Argument = number | null | NodeJS.TypedArray
type Name = 'calloc' | 'free' | 'memcpy' | 'malloc_trim' | 'madvise' | 'dlopen' | 'dlerror'
type Functions = Record<Name, (...values: Argument[]) => number | null>
let opened: Functions | undefined

const libraries: Partial<Record<NodeJS.Platform, string>> = { darwin: 'libSystem.dylib', win32: 'ucrtbase.dll' }

function libc(): Functions {
  opened ??= dlopen(libraries[process.platform] ?? 'libc.so.6', {
    calloc: { args: ['u64', 'u64'], returns: 'ptr' },
    free: { args: ['ptr'], returns: 'void' },
    memcpy: { args: ['ptr', 'ptr', 'u64'], returns: 'ptr' },
    // glibc's own, and Linux's.
    ...(process.platform === 'linux' && {
      malloc_trim: { args: ['u64'], returns: 'i32' } as const,
      madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' } as const,
    }),
    // Windows has a loader of its own, which only CUDA would need.
    ...(process.platform !== 'win32' && {
      dlopen: { args: ['ptr', 'i32'], returns: 'ptr' } as const,
      dlerror: { args: [], returns: 'ptr' } as const,
    }),
  }).symbols as unknown as Functions
  return opened
}
