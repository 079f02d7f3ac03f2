// ONNX Runtime 1.30 through its C API and bun:ffi: the only file that knows a pointer.
import { CString, dlopen, linkSymbols, ptr, read, type FFIFunction, type Pointer } from 'bun:ffi'
import { EXIT, HoneError } from '../error.ts'
import { dtypes, elements, type DType, type Shape } from './tensor.ts'

const API_VERSION = 30

/**
 * The functions used: place in the OrtApi table and arguments. All return an OrtStatus pointer (null: success) but those
 * with a third entry. The table only ever grows at its end, so a place holds for every later version
 * (include/onnxruntime/core/session/onnxruntime_c_api.h).
 */
const slots = {
  GetErrorCode: [1, ['ptr'], 'i32'],
  GetErrorMessage: [2, ['ptr'], 'ptr'],
  ReleaseStatus: [93, ['ptr'], 'void'],
  CreateThreadingOptions: [121, ['ptr']],
  SetGlobalIntraOpNumThreads: [147, ['ptr', 'i32']],
  SetGlobalInterOpNumThreads: [148, ['ptr', 'i32']],
  SetGlobalSpinControl: [149, ['ptr', 'i32']],
  ReleaseThreadingOptions: [122, ['ptr'], 'void'],
  CreateEnvWithGlobalThreadPools: [119, ['i32', 'ptr', 'ptr', 'ptr']],
  CreateSessionOptions: [10, ['ptr']],
  EnableProfiling: [14, ['ptr', 'ptr']],
  DisableMemPattern: [17, ['ptr']],
  EnableCpuMemArena: [18, ['ptr']],
  SetSessionGraphOptimizationLevel: [23, ['ptr', 'i32']],
  DisablePerSessionThreads: [120, ['ptr']],
  AddSessionConfigEntry: [130, ['ptr', 'ptr', 'ptr']],
  ReleaseSessionOptions: [100, ['ptr'], 'void'],
  CreateSessionFromArray: [8, ['ptr', 'ptr', 'u64', 'ptr', 'ptr']],
  SessionEndProfiling: [110, ['ptr', 'ptr', 'ptr']],
  ReleaseSession: [95, ['ptr'], 'void'],
  CreateIoBinding: [134, ['ptr', 'ptr']],
  BindInput: [136, ['ptr', 'ptr', 'ptr']],
  BindOutput: [137, ['ptr', 'ptr', 'ptr']],
  RunWithBinding: [133, ['ptr', 'ptr', 'ptr']],
  ReleaseIoBinding: [135, ['ptr'], 'void'],
  CreateTensorWithDataAsOrtValue: [49, ['ptr', 'ptr', 'u64', 'ptr', 'u64', 'i32', 'ptr']],
  ReleaseValue: [96, ['ptr'], 'void'],
  CreateCpuMemoryInfo: [69, ['i32', 'i32', 'ptr']],
  AllocatorFree: [76, ['ptr', 'ptr']],
  GetAllocatorWithDefaultOptions: [78, ['ptr']],
} as const satisfies Record<string, readonly [number, readonly Argument[], ('i32' | 'ptr' | 'void')?]>

type Argument = 'ptr' | 'i32' | 'u64'
type Value = number | bigint | null | NodeJS.TypedArray
type Api = Record<keyof typeof slots, (...values: Value[]) => number | null>

declare const kind: unique symbol
/** An object of ONNX Runtime that only this file can look into. */
export type Handle<Kind extends string> = Pointer & { readonly [kind]: Kind }
type Kinds = 'session' | 'options' | 'binding' | 'value' | 'place'

/** A stretch of memory that tensors lie in. `buffer` is its content where the host can reach it. */
export interface Memory {
  readonly address: number
  readonly bytes: number
  readonly buffer: ArrayBuffer | undefined
  /** Where in `buffer` the stretch begins, in bytes. */
  readonly start: number
}

export interface SessionSettings {
  /** Session configuration entries, as in onnxruntime_session_options_config_keys.h. */
  config?: Record<string, string>
  /** Path prefix of the file that profiling writes; no profiling without it. */
  profile?: string | undefined
}

export type Ort = ReturnType<typeof openOrt>

/**
 * Loads the library at `path` and makes its environment: one thread pool for all sessions, since the pools of idle
 * sessions would spin against the running one. The environment is one per process; `threads` counts for the first call.
 */
export function openOrt(path: string, threads: number) {
  const { api, version } = load(path)
  const out = new BigUint64Array(new ArrayBuffer(8))

  /** Calls a function whose last argument receives an object, and returns the object. */
  function make<K extends Kinds>(what: string, name: keyof Api, ...values: Value[]): Handle<K> {
    check(what, api[name](...values, out))
    return Number(out[0]) as Handle<K>
  }
  /** Turns a status that is not success into an error that carries its message, and releases it. */
  function check(what: string, status: number | null): void {
    if (status === null) return
    const message = text(api.GetErrorMessage(status))
    api.ReleaseStatus(status)
    throw new HoneError(`Cannot ${what}: ${message}`, { exit: EXIT.bug })
  }

  const threading = make('set up threads', 'CreateThreadingOptions')
  check('set the number of threads', api.SetGlobalIntraOpNumThreads(threading, threads))
  check('set the number of threads', api.SetGlobalInterOpNumThreads(threading, 1))
  check('let idle threads spin', api.SetGlobalSpinControl(threading, 1))
  const LOG_FATAL = 4 // whatever is worth saying comes back as a status
  const environment = make(
    'start ONNX Runtime',
    'CreateEnvWithGlobalThreadPools',
    LOG_FATAL,
    cString('hone'),
    threading,
  )
  api.ReleaseThreadingOptions(threading)
  const allocator = make('find the host allocator', 'GetAllocatorWithDefaultOptions')
  const [ARENA, DEFAULT_MEMORY] = [1, 0]

  return {
    version,
    /** Host memory. */
    host: make<'place'>('describe host memory', 'CreateCpuMemoryInfo', ARENA, DEFAULT_MEMORY),

    /** Host memory of `bytes` zeros, beginning at a multiple of 64 bytes (a cache line, and the widest vector). */
    allocateHost(bytes: number): Memory {
      const buffer = new ArrayBuffer(bytes + ALIGNMENT)
      const start = (ALIGNMENT - (ptr(buffer) % ALIGNMENT)) % ALIGNMENT
      return { address: ptr(buffer) + start, bytes, buffer, start }
    },

    /** A tensor over `memory` from byte `offset`. The memory must outlive every binding of the tensor. */
    value(place: Handle<'place'>, memory: Memory, offset: number, dtype: DType, shape: Shape): Handle<'value'> {
      const dimensions = BigInt64Array.from(shape, BigInt)
      const bytes = elements(shape) * dtypes[dtype].bytes
      const values = [place, memory.address + offset, bytes, dimensions, shape.length, dtypes[dtype].code]
      return make('describe a tensor', 'CreateTensorWithDataAsOrtValue', ...values)
    },
    releaseValue(value: Handle<'value'>): void {
      api.ReleaseValue(value)
    },

    /** Compiles a serialised ONNX model. */
    session(model: Uint8Array, name: string, { config = {}, profile }: SessionSettings): Handle<'session'> {
      const what = `compile ${name}`
      const options = make<'options'>(what, 'CreateSessionOptions')
      try {
        check(what, api.DisablePerSessionThreads(options))
        check(what, api.SetSessionGraphOptimizationLevel(options, ALL_OPTIMIZATIONS))
        check(what, api.DisableMemPattern(options))
        check(what, api.EnableCpuMemArena(options))
        for (const [key, value] of Object.entries(config))
          check(what, api.AddSessionConfigEntry(options, cString(key), cString(value)))
        if (profile !== undefined) check(what, api.EnableProfiling(options, cString(profile)))
        return make(what, 'CreateSessionFromArray', environment, model, model.length, options)
      } finally {
        api.ReleaseSessionOptions(options)
      }
    },
    /** Ends profiling and returns the path of the file that was written. */
    endProfiling(session: Handle<'session'>): string {
      const path = make('end profiling', 'SessionEndProfiling', session, allocator)
      const result = text(path)
      check('free a string', api.AllocatorFree(allocator, path))
      return result
    },
    releaseSession(session: Handle<'session'>): void {
      api.ReleaseSession(session)
    },

    binding(session: Handle<'session'>): Handle<'binding'> {
      return make('bind tensors', 'CreateIoBinding', session)
    },
    bindInput(binding: Handle<'binding'>, name: CName, value: Handle<'value'>): void {
      const status = api.BindInput(binding, name.bytes, value)
      if (status !== null) check(`bind input ${name.name}`, status)
    },
    bindOutput(binding: Handle<'binding'>, name: CName, value: Handle<'value'>): void {
      const status = api.BindOutput(binding, name.bytes, value)
      if (status !== null) check(`bind output ${name.name}`, status)
    },
    run(session: Handle<'session'>, binding: Handle<'binding'>, name: string): void {
      const status = api.RunWithBinding(session, null, binding)
      if (status !== null) check(`run ${name}`, status)
    },
    releaseBinding(binding: Handle<'binding'>): void {
      api.ReleaseIoBinding(binding)
    },
  }
}

/** A name kept as a C string, so that binding it costs no allocation. */
export interface CName {
  readonly name: string
  readonly bytes: Uint8Array
}
export function cName(name: string): CName {
  return { name, bytes: cString(name) }
}

const ALIGNMENT = 64
const ALL_OPTIMIZATIONS = 99

function load(path: string): { api: Api; version: string } {
  const base = dlopen(path, { OrtGetApiBase: { args: [], returns: 'ptr' } }).symbols.OrtGetApiBase()
  if (base === null) throw new HoneError(`Cannot use ${path}: it is not ONNX Runtime`)
  const entry = linkSymbols({
    GetApi: { ptr: read.ptr(base, 0) as Pointer, args: ['u32'], returns: 'ptr' },
    GetVersionString: { ptr: read.ptr(base, 8) as Pointer, args: [], returns: 'ptr' },
  }).symbols
  const version = text(entry.GetVersionString())
  const table = entry.GetApi(API_VERSION) as Pointer | null
  if (table === null)
    throw new HoneError(`Cannot use ${path}: it is ONNX Runtime ${version}, and hone needs 1.${API_VERSION}`)
  const functions: Record<string, FFIFunction> = {}
  for (const [name, [place, args, returns = 'ptr']] of Object.entries(slots))
    functions[name] = { ptr: read.ptr(table, place * 8) as Pointer, args: [...args], returns }
  return { api: linkSymbols(functions).symbols as unknown as Api, version }
}

function cString(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`)
}

function text(address: unknown): string {
  return address === null ? '' : new CString(address as Pointer).toString()
}
