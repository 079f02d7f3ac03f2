// What is said where CUDA cannot be opened. That graphs run there is checked by test/cuda-standin.ts, over the CUDA provider itself.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoneError } from '../../../src/error.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import type { DeviceSpec } from '../../../src/gpu/device/spec.ts'
import { libraryPath } from '../../../src/gpu/ort/library.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-cuda-test-'))
symlinkSync(await libraryPath(), join(folder, 'libonnxruntime.so.1.30.0'))
afterAll(() => rmSync(folder, { recursive: true }))

test('without the provider the error says which file is missing where, and how to get it', async () => {
  const error = await failure('cuda')
  expect(error.message).toBe(`Cannot open CUDA: there is no libonnxruntime_providers_cuda.so in "${folder}"`)
  expect(error.hint).toContain('hone doctor --install cuda')
  expect(error.hint).toContain('HONE_ORT_DIR')
  expect(error.exit).toBe(2)
})

test('a CUDA library that the provider names and the loader does not find is named', async () => {
  writeFileSync(join(folder, 'libonnxruntime_providers_shared.so'), '')
  writeFileSync(join(folder, 'libonnxruntime_providers_cuda.so'), 'libcublasLt.so.77\0libcudart.so.77\0')
  expect((await failure('cuda:0')).message).toMatch(/^Cannot open CUDA: libcudart\.so\.77: cannot open shared object/)
})

test('a driver that is missing is said to be the driver', async () => {
  writeFileSync(join(folder, 'libonnxruntime_providers_cuda.so'), 'libcuda.so.77\0')
  const error = await failure('cuda')
  expect(error.message).toContain('libcuda.so.77')
  expect(error.hint).toContain('driver')
})

test('auto takes the CPU where CUDA cannot be opened', async () => {
  expect((await inFolder(() => openDevice('auto'))).name).toBe('cpu')
})

async function failure(spec: DeviceSpec): Promise<HoneError> {
  const error = await inFolder(() => openDevice(spec)).catch((error: unknown) => error)
  if (error instanceof HoneError) return error
  throw new Error(`${spec} was opened`)
}

/** Calls with the folder above as the place of ONNX Runtime. */
async function inFolder<T>(call: () => Promise<T>): Promise<T> {
  const before = process.env['HONE_ORT_DIR']
  process.env['HONE_ORT_DIR'] = folder
  try {
    return await call()
  } finally {
    if (before === undefined) delete process.env['HONE_ORT_DIR']
    else process.env['HONE_ORT_DIR'] = before
  }
}
