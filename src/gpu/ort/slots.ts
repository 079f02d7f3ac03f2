// The functions used of ONNX Runtime's C API: their places in its table, and how they are loaded.
import { dlopen, linkSymbols, ptr, read, type FFIFunction, type Pointer } from 'bun:ffi'
import { HoneError } from '../../error.ts'
import { cString, text } from './libc.ts'

/** Minor version of ONNX Runtime, 1.30, and number of its API. */
export const API_VERSION = 30

/**
 * Place in the OrtApi table and arguments. All return an OrtStatus pointer (null: success) but those with a third entry.
 * The table only grows at its end, so a place holds for every later version (onnxruntime_c_api.h).
 */
const slots = {
  GetErrorMessage: [2, ['ptr'], 'ptr'],
  ReleaseStatus: [93, ['ptr'], 'void'],
  CreateThreadingOptions: [121, ['ptr']],
  SetGlobalIntraOpNumThreads: [147, ['ptr', 'i32']],
  SetGlobalInterOpNumThreads: [148, ['ptr', 'i32']],
  ReleaseThreadingOptions: [122, ['ptr'], 'void'],
  CreateEnvWithGlobalThreadPools: [119, ['i32', 'ptr', 'ptr', 'ptr']],
  CreateSessionOptions: [10, ['ptr']],
  SetOptimizedModelFilePath: [11, ['ptr', 'ptr']],
  EnableProfiling: [14, ['ptr', 'ptr']],
  DisableMemPattern: [17, ['ptr']],
  EnableCpuMemArena: [18, ['ptr']],
  SetSessionGraphOptimizationLevel: [23, ['ptr', 'i32']],
  SetIntraOpNumThreads: [24, ['ptr', 'i32']],
  DisablePerSessionThreads: [120, ['ptr']],
  AddSessionConfigEntry: [130, ['ptr', 'ptr', 'ptr']],
  ReleaseSessionOptions: [100, ['ptr'], 'void'],
  CreateCUDAProviderOptions: [205, ['ptr']],
  UpdateCUDAProviderOptions: [206, ['ptr', 'ptr', 'ptr', 'u64']],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, ['ptr', 'ptr']],
  CreateSessionFromArray: [8, ['ptr', 'ptr', 'u64', 'ptr', 'ptr']],
  SessionGetInputCount: [30, ['ptr', 'ptr']],
  SessionGetInputName: [36, ['ptr', 'u64', 'ptr', 'ptr']],
  SessionGetMemoryInfoForInputs: [380, ['ptr', 'ptr', 'u64']],
  MemoryInfoGetDeviceType: [225, ['ptr', 'ptr'], 'void'],
  Session_GetEpGraphAssignmentInfo: [407, ['ptr', 'ptr', 'ptr']],
  EpAssignedSubgraph_GetEpName: [408, ['ptr', 'ptr']],
  EpAssignedSubgraph_GetNodes: [409, ['ptr', 'ptr', 'ptr']],
  EpAssignedNode_GetName: [410, ['ptr', 'ptr']],
  EpAssignedNode_GetOperatorType: [412, ['ptr', 'ptr']],
  SessionEndProfiling: [110, ['ptr', 'ptr', 'ptr']],
  ReleaseSession: [95, ['ptr'], 'void'],
  CreateIoBinding: [134, ['ptr', 'ptr']],
  BindInput: [136, ['ptr', 'ptr', 'ptr']],
  BindOutput: [137, ['ptr', 'ptr', 'ptr']],
  RunWithBinding: [133, ['ptr', 'ptr', 'ptr']],
  ReleaseIoBinding: [135, ['ptr'], 'void'],
  CreateTensorWithDataAsOrtValue: [49, ['ptr', 'ptr', 'u64', 'ptr', 'u64', 'i32', 'ptr']],
  ReleaseValue: [96, ['ptr'], 'void'],
  CreateMemoryInfo: [68, ['ptr', 'i32', 'i32', 'i32', 'ptr']],
  CreateArenaCfg: [156, ['u64', 'i32', 'i32', 'i32', 'ptr']],
  ReleaseArenaCfg: [157, ['ptr'], 'void'],
  CreateAndRegisterAllocatorV2: [259, ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'u64']],
  AllocatorFree: [76, ['ptr', 'ptr']],
  GetAllocatorWithDefaultOptions: [78, ['ptr']],
} as const satisfies Record<string, readonly [number, readonly ('ptr' | 'i32' | 'u64')[], ('ptr' | 'void')?]>

/** What is passed: an address or a number, null, or an array whose elements the call reads or writes. */
export type Argument = number | null | NodeJS.TypedArray
export type Api = Record<keyof typeof slots, (...values: Argument[]) => number | null>

/** Loads the library at `path`. Throws HoneError where it is not ONNX Runtime of this version or a later one. */
export function loadApi(path: string): { api: Api; version: string } {
  const base = dlopen(path, { OrtGetApiBase: { args: [], returns: 'ptr' } }).symbols.OrtGetApiBase()
  if (base === null) throw new HoneError(`Cannot use "${path}": it is not ONNX Runtime`)
  const entry = linkSymbols({
    GetApi: { ptr: read.ptr(base, 0) as Pointer, args: ['u32'], returns: 'ptr' },
    GetVersionString: { ptr: read.ptr(base, 8) as Pointer, args: [], returns: 'ptr' },
  }).symbols
  const version = text(entry.GetVersionString())
  // An older library returns null and says so on stderr: the version is asked first.
  const table = minor(version) >= API_VERSION ? (entry.GetApi(API_VERSION) as Pointer | null) : null
  if (table === null)
    throw new HoneError(`Cannot use "${path}": it is ONNX Runtime ${version}, and hone needs 1.${API_VERSION}`)
  const functions: Record<string, FFIFunction> = {}
  for (const [name, [place, args, returns = 'ptr']] of Object.entries(slots))
    functions[name] = { ptr: read.ptr(table, place * 8) as Pointer, args: [...args], returns }
  return { api: linkSymbols(functions).symbols as unknown as Api, version }
}

/** An array of C strings: their addresses, then the strings, in one buffer, so that they live as long as it does. */
export function cStrings(values: string[]): Uint8Array {
  const strings = values.map(cString)
  const table = 8 * strings.length
  const buffer = new ArrayBuffer(table + strings.reduce((sum, string) => sum + string.length, 0))
  const whole = new Uint8Array(buffer)
  let end = table
  for (const [i, string] of strings.entries()) {
    new BigUint64Array(buffer, 8 * i, 1)[0] = BigInt(ptr(buffer, end))
    whole.set(string, end)
    end += string.length
  }
  return whole
}

function minor(version: string): number {
  return Number(version.split('.')[1])
}
