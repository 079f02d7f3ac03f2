// Fetching the CUDA provider: from indexes of both kinds, folders, and from wheels that are not what they should be.
import { zipSync } from 'fflate'
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installCuda } from '../../src/job/install/cuda.ts'
import { indexAt, usualIndex } from '../../src/job/install/index.ts'
import { unpackWheel } from '../../src/job/install/unpack.ts'
import { byRelease, readWheelName, runsHere } from '../../src/job/install/wheels.ts'
import { runHere } from '../here.ts'
import { scratch } from '../scratch.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const hash = (data: Uint8Array, form: 'hex' | 'base64url') => new Bun.CryptoHasher('sha256').update(data).digest(form)

/** A wheel of those files, with its list of hashes. */
function wheelOf(
  files: Record<string, string>,
  list = (name: string, data: Uint8Array) => `${name},sha256=${hash(data, 'base64url')},1`,
): Uint8Array {
  const datas = Object.entries(files).map(([name, text]) => [name, bytes(text)] as const)
  const record = datas.map(([name, data]) => list(name, data)).join('\n')
  return zipSync({ ...Object.fromEntries(datas), 'a-1.dist-info/RECORD': bytes(record) })
}

async function* pieces(data: Uint8Array, length = 7): AsyncIterable<Uint8Array> {
  for (let from = 0; from < data.length; from += length) yield data.subarray(from, from + length)
}

const wanted = { 'liba.so.1.30.0': 'liba.so.1' }
const good = wheelOf({ 'a/liba.so.1.30.0': 'library '.repeat(1000), 'a/other.so': 'not wanted' })

test('a wheel is unpacked as it arrives, and only what is wanted of it', async () => {
  const folder = scratch()
  await unpackWheel(pieces(good), 'here', { wanted, folder, sha256: hash(good, 'hex') })
  expect(readdirSync(folder)).toEqual(['liba.so.1'])
  expect(readFileSync(join(folder, 'liba.so.1'), 'utf8')).toBe('library '.repeat(1000))
})

test('a wheel that is not whole, not the promised one, or not what it says of itself is refused', async () => {
  const unpack = (data: Uint8Array, sha256: string | null = null) =>
    unpackWheel(pieces(data), 'here', { wanted, folder: scratch(), sha256 })
  await expect(unpack(good, '0'.repeat(64))).rejects.toThrow('its SHA-256 is not 000')
  await expect(unpack(good.subarray(0, good.length / 4))).rejects.toThrow('Cannot unpack the package')
  await expect(unpack(bytes('<html>404</html>'))).rejects.toThrow('there is no liba.so.1.30.0')
  await expect(unpack(wheelOf({ 'a/b.so': 'x' }))).rejects.toThrow('there is no liba.so.1.30.0 in it')
  const lying = wheelOf({ 'a/liba.so.1.30.0': 'x' }, (name) => `${name},sha256=AAAA,1`)
  await expect(unpack(lying)).rejects.toThrow('liba.so.1.30.0 is not what the package says of it')
})

test('names of wheels tell package, release and machine', () => {
  const name = readWheelName('onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl')!
  expect(name).toMatchObject({ package: 'onnxruntime-gpu', release: '1.30.0' })
  expect([runsHere(name, 'x64'), runsHere(name, 'arm64')]).toEqual([true, false])
  expect(readWheelName('nvidia_cublas-13.8.0.4-2-py3-none-manylinux_2_27_aarch64.whl')).toMatchObject({
    release: '13.8.0.4',
  })
  expect(runsHere(readWheelName('a-1-py3-none-win_amd64.whl')!, 'x64')).toBeFalse()
  expect(readWheelName('nvidia-cublas-13.tar.gz')).toBeUndefined()
  expect(['13.10.0.20', '13.8.2.12', '13.9'].toSorted(byRelease)).toEqual(['13.8.2.12', '13.9', '13.10.0.20'])
})

test('an index is where pip says', () => {
  const folder = scratch()
  writeFileSync(join(folder, 'pip.conf'), '[global]\ntimeout = 60\nindex-url = https://mirror.example/simple\n')
  expect(usualIndex({ PIP_INDEX_URL: 'https://a.example', HOME: folder })).toBe('https://a.example')
  expect(usualIndex({ PIP_CONFIG_FILE: join(folder, 'pip.conf'), HOME: folder })).toBe('https://mirror.example/simple')
  mkdirSync(join(folder, '.config', 'pip'), { recursive: true })
  writeFileSync(join(folder, '.config', 'pip', 'pip.conf'), '[global]\nindex_url=https://home.example/simple')
  expect(usualIndex({ HOME: folder })).toBe('https://home.example/simple')
})

test('both forms of an index say what it offers; what was withdrawn is left out', async () => {
  const html = `<a href="../files/b-1-py3-none-any.whl#sha256=${'a'.repeat(64)}" data-requires-python="&gt;=3">b-1-py3-none-any.whl</a>
    <a href="x.whl" data-yanked="broken">x.whl</a>`
  const json = {
    files: [
      { filename: 'b.whl', url: 'b.whl', hashes: { sha256: 'c' }, size: 3 },
      { filename: 'x.whl', url: 'x', yanked: true },
    ],
  }
  const server = Bun.serve({
    port: 0,
    fetch: ({ url }) =>
      url.endsWith('/b/')
        ? new Response(html)
        : url.endsWith('/j/')
          ? Response.json(json)
          : new Response('', { status: 404 }),
  })
  const index = indexAt(`http://127.0.0.1:${server.port}/simple/`)
  try {
    const base = `http://127.0.0.1:${server.port}`
    expect(await index('b')).toEqual([
      {
        file: 'b-1-py3-none-any.whl',
        url: `${base}/simple/files/b-1-py3-none-any.whl`,
        sha256: 'a'.repeat(64),
        size: null,
      },
    ])
    expect(await index('j')).toEqual([{ file: 'b.whl', url: `${base}/simple/j/b.whl`, sha256: 'c', size: 3 }])
    await expect(index('none')).rejects.toThrow('Cannot read the package index: status 404')
  } finally {
    void server.stop(true)
  }
  await expect(index('b')).rejects.toThrow('Cannot read the package index')
})

const platform = process.arch === 'arm64' ? 'manylinux_2_34_aarch64' : 'manylinux_2_28_x86_64'
/** Wheels as the provider's and NVIDIA's are laid out. */
function mirror(): string {
  const folder = scratch()
  const put = (file: string, files: Record<string, string>) => writeFileSync(join(folder, file), wheelOf(files))
  const capi = 'onnxruntime/capi'
  put(`onnxruntime_gpu-1.30.0-cp312-cp312-${platform}.whl`, {
    [`${capi}/libonnxruntime.so.1.30.0`]: 'ort',
    [`${capi}/libonnxruntime_providers_shared.so`]: 'shared',
    [`${capi}/libonnxruntime_providers_cuda.so`]: 'cuda',
  })
  put(`onnxruntime_gpu-1.31.1-cp312-cp312-${platform}.whl`, {})
  put(`nvidia_cuda_runtime-13.5.37-py3-none-${platform}.whl`, { 'nvidia/cu13/lib/libcudart.so.13': 'cudart' })
  put(`nvidia_cublas-13.8.0.4-py3-none-${platform}.whl`, {
    'nvidia/cu13/lib/libcublas.so.13': 'cublas',
    'nvidia/cu13/lib/libcublasLt.so.13': 'cublasLt',
  })
  put(`nvidia_curand-10.4.5.25-py3-none-${platform}.whl`, { 'nvidia/cu13/lib/libcurand.so.10': 'curand' })
  return folder
}

test.skipIf(process.platform !== 'linux')(
  'the provider lies in the cache when all of it is whole, and not before',
  async () => {
    const [from, cache] = [mirror(), scratch()]
    const folder = join(cache, 'cuda')
    const install = (...more: string[]) =>
      runHere(['doctor', '--install', 'cuda', '--from', from, ...more], { env: { HONE_CACHE: cache } })
    expect(await install('--dry-run')).toMatchObject({ code: 0, stdout: '' })
    expect(existsSync(folder)).toBeFalse()
    mkdirSync(`${folder}.999999999.tmp`)
    const done = await install()
    expect(done.stderr).toContain('onnxruntime_gpu-1.30.0')
    expect(done.code).toBe(0)
    expect(readFileSync(join(folder, 'libonnxruntime.so.1'), 'utf8')).toBe('ort')
    expect(readdirSync(cache)).toEqual(['cuda'])
    writeFileSync(join(from, `nvidia_curand-10.9-py3-none-${platform}.whl`), good)
    const broken = await install()
    expect(broken).toMatchObject({ code: 2 })
    expect(broken.stderr).toContain('there is no libcurand.so.10 in it')
    expect(readFileSync(join(folder, 'libonnxruntime.so.1'), 'utf8')).toBe('ort')
    expect(readdirSync(cache)).toEqual(['cuda'])
  },
)

test.skipIf(process.platform !== 'linux')('what cannot be reached is told with what to bring', async () => {
  await expect(installCuda({ dryRun: true, from: 'http://127.0.0.1:1/simple' })).rejects.toThrow(
    'Cannot read the package index',
  )
  await expect(installCuda({ dryRun: true, from: '/no/such/folder' })).rejects.toThrow(
    'there is no such folder, wheel or address',
  )
})
