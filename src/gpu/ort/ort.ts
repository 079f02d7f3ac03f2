// ONNX Runtime as the functions hone needs: with slots.ts, libc.ts and cudart.ts all there is that knows a pointer.
import { read, type Pointer } from 'bun:ffi'
import { EXIT, HoneError } from '../../error.ts'
import { cString, type Memory, outOfMemory, text } from './libc.ts'
import { cStrings, loadApi, type Api, type Argument } from './slots.ts'
import { dtypes, elements, type DType, type Shape } from '../graph/tensor.ts'

declare const kind: unique symbol
/** An object of ONNX Runtime that only this file can look into. */
export type Handle<Kind extends string> = number & { readonly [kind]: Kind }

export interface SessionSettings {
  /** Session configuration entries, as in onnxruntime_session_options_config_keys.h. */
  readonly config?: Readonly<Record<string, string>>
  /** The CUDA provider as it was set up; without it the session runs on the CPU. */
  readonly cuda?: Handle<'cuda'>
  /** Threads that sleep while there is no work, the session's own; without it those of all sessions, which spin. */
  readonly sleep?: boolean
  /** Path prefix of the file that profiling writes; no profiling without it. */
  readonly profile?: string
  /** Path to which the model is written as it will run: optimised, with the copies that were inserted. */
  readonly optimized?: string
}

/** Which execution provider a node was given to. */
export interface Assignment {
  readonly provider: string
  readonly op: string
  readonly node: string
}

/** A name kept as a C string, so that binding it costs no allocation. */
export interface CName {
  readonly name: string
  readonly bytes: Uint8Array
}
export function cName(name: string): CName {
  return { name, bytes: cString(name) }
}

export type Ort = ReturnType<typeof openOrt>

/**
 * Loads the library at `path` and makes its environment: one pool of threads for all sessions, since the pools of idle
 * sessions would spin against the running one. The environment is one per process and library.
 */
export function openOrt(path: string, threads: number) {
  const { api, version } = loadApi(path)
  const out = new BigUint64Array(new ArrayBuffer(8))

  /** Turns a status that is not success into an error that carries its message, and releases it. */
  function check(what: string, status: number | null): void {
    if (status === null) return
    const message = `Cannot ${what}: ${text(api.GetErrorMessage(status)).replace(SOURCE_PLACE, '').trim()}`
    api.ReleaseStatus(status)
    throw OUT_OF_MEMORY.test(message) ? outOfMemory(message) : new HoneError(message, { exit: EXIT.bug })
  }
  /** Calls a function whose last argument receives a pointer, and returns the pointer. */
  function make<K extends string>(what: string, name: keyof Api, ...values: Argument[]): Handle<K> {
    check(what, api[name](...values, out))
    return Number(out[0]) as Handle<K>
  }
  /** Calls a function whose last two arguments receive an array of pointers and its length. */
  function list(what: string, name: keyof Api, object: number): number[] {
    const length = new BigUint64Array(new ArrayBuffer(8))
    check(what, api[name](object, out, length))
    const start = Number(out[0]) as Pointer
    return Array.from({ length: Number(length[0]) }, (_, i) => read.ptr(start, i * 8))
  }
  function place(name: string, device: number, allocator: number): Handle<'place'> {
    return make(`describe memory of ${name}`, 'CreateMemoryInfo', cString(name), allocator, device, DEFAULT_MEMORY)
  }
  /** One arena for what all sessions compute on the way: with one each, memory adds up to a fifth more. */
  function shareArena(provider: string, place: Handle<'place'>): void {
    const what = `share memory on ${provider}`
    const arena = make(what, 'CreateArenaCfg', UNLIMITED, AS_REQUESTED, DEFAULT_SIZE, DEFAULT_SIZE)
    check(what, api.CreateAndRegisterAllocatorV2(environment, cString(provider), place, arena, null, null, 0))
    api.ReleaseArenaCfg(arena)
  }

  const threading = make('set up threads', 'CreateThreadingOptions')
  check('set the number of threads', api.SetGlobalIntraOpNumThreads(threading, threads))
  check('set the number of threads', api.SetGlobalInterOpNumThreads(threading, 1))
  const environment = make(
    'start ONNX Runtime',
    'CreateEnvWithGlobalThreadPools',
    LOG_FATAL,
    cString('hone'),
    threading,
  )
  api.ReleaseThreadingOptions(threading)
  const allocator = make('find the host allocator', 'GetAllocatorWithDefaultOptions')

  shareArena('CPUExecutionProvider', place('Cpu', 0, ARENA))

  return {
    version,
    threads,
    host: place('Cpu', 0, ALLOCATOR),
    /** Memory of CUDA device `device`. */
    cudaPlace: (device: number) => place('Cuda', device, ALLOCATOR),
    shareCudaArena: (device: number) => shareArena(CUDA_PROVIDER, place('Cuda', device, ARENA)),
    /** The CUDA provider with options as in cuda_provider_options.h; throws where its libraries cannot be loaded. */
    cuda(options: Readonly<Record<string, string>>): Handle<'cuda'> {
      const what = 'set up the CUDA provider'
      const provider = make<'cuda'>(what, 'CreateCUDAProviderOptions')
      const [keys, values] = [cStrings(Object.keys(options)), cStrings(Object.values(options))]
      check(what, api.UpdateCUDAProviderOptions(provider, keys, values, Object.keys(options).length))
      return provider
    },

    /** A tensor over `memory` from byte `offset`. The memory must outlive every binding of the tensor. */
    value(place: Handle<'place'>, memory: Memory, offset: number, dtype: DType, shape: Shape): Handle<'value'> {
      const { code, bytes } = dtypes[dtype]
      const dimensions = BigInt64Array.from(shape, BigInt)
      const data = [memory.address + offset, elements(shape) * bytes]
      return make('describe a tensor', 'CreateTensorWithDataAsOrtValue', place, ...data, dimensions, shape.length, code)
    },
    releaseValue(value: Handle<'value'>): void {
      api.ReleaseValue(value)
    },

    /** Compiles a serialised ONNX model. */
    session(model: Uint8Array, name: string, settings: SessionSettings): Handle<'session'> {
      const what = `compile ${name}`
      const options = make(what, 'CreateSessionOptions')
      try {
        if (settings.sleep) {
          check(what, api.SetIntraOpNumThreads(options, threads))
          check(what, api.AddSessionConfigEntry(options, cString('session.intra_op.allow_spinning'), cString('0')))
        } else check(what, api.DisablePerSessionThreads(options))
        check(what, api.SetSessionGraphOptimizationLevel(options, ALL_OPTIMIZATIONS))
        check(what, api.DisableMemPattern(options))
        check(what, api.EnableCpuMemArena(options))
        check(what, api.AddSessionConfigEntry(options, cString('session.use_env_allocators'), cString('1')))
        for (const [key, value] of Object.entries(settings.config ?? {}))
          check(what, api.AddSessionConfigEntry(options, cString(key), cString(value)))
        if (settings.profile) check(what, api.EnableProfiling(options, cString(settings.profile)))
        if (settings.optimized) check(what, api.SetOptimizedModelFilePath(options, cString(settings.optimized)))
        if (settings.cuda) check(what, api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, settings.cuda))
        return make(what, 'CreateSessionFromArray', environment, model, model.length, options)
      } finally {
        api.ReleaseSessionOptions(options)
      }
    },
    /** Which provider took each node; the session needs `session.record_ep_graph_assignment_info`. */
    assignments(session: Handle<'session'>): Assignment[] {
      const what = 'read the placement of nodes'
      return list(what, 'Session_GetEpGraphAssignmentInfo', session).flatMap((part) => {
        const provider = text(make(what, 'EpAssignedSubgraph_GetEpName', part))
        return list(what, 'EpAssignedSubgraph_GetNodes', part).map((node) => ({
          provider,
          op: text(make(what, 'EpAssignedNode_GetOperatorType', node)),
          node: text(make(what, 'EpAssignedNode_GetName', node)),
        }))
      })
    },
    /** Names of the inputs that the session wants in host memory. */
    hostInputs(session: Handle<'session'>): string[] {
      const what = 'read where inputs belong'
      const count = make(what, 'SessionGetInputCount', session)
      const places = new BigUint64Array(new ArrayBuffer(8 * count))
      if (count > 0) check(what, api.SessionGetMemoryInfoForInputs(session, places, count))
      const type = new Int32Array(new ArrayBuffer(4))
      return Array.from(places, Number).flatMap((place, i) => {
        api.MemoryInfoGetDeviceType(place, type)
        return type[0] === CPU ? [ownText(make(what, 'SessionGetInputName', session, i, allocator))] : []
      })
    },
    /** Ends profiling and returns the path of the file that was written. */
    endProfiling: (session: Handle<'session'>) =>
      ownText(make('end profiling', 'SessionEndProfiling', session, allocator)),
    releaseSession(session: Handle<'session'>): void {
      api.ReleaseSession(session)
    },

    binding: (session: Handle<'session'>): Handle<'binding'> => make('bind tensors', 'CreateIoBinding', session),
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

  /** A string that ORT allocated for the caller. */
  function ownText(address: number): string {
    const result = text(address)
    check('free a string', api.AllocatorFree(allocator, address))
    return result
  }
}

const [ALLOCATOR, ARENA] = [0, 1] // OrtAllocatorType
const [DEFAULT_MEMORY, CPU] = [0, 0] // OrtMemType, OrtMemoryInfoDeviceType
/** Settings of an arena: grow by what is asked for (kSameAsRequested), not to powers of two. */
const [UNLIMITED, AS_REQUESTED, DEFAULT_SIZE] = [0, 1, -1]
/** Whatever is worth saying comes back as a status, so nothing is logged beside it. */
const LOG_FATAL = 4
const ALL_OPTIMIZATIONS = 99
/** The name of the CUDA provider. */
export const CUDA_PROVIDER = 'CUDAExecutionProvider'
/** The place in ORT's own source that its messages name before they say anything. */
const SOURCE_PLACE = /\/onnxruntime_src\/\S+:\d+ [^)]*\) (?:const )?(?:\[ONNXRuntimeError\] : \d+ : \w+ : )?/g
const OUT_OF_MEMORY = /failed to allocate memory|out of memory|bad_alloc/i
