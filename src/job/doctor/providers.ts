// Which devices can be opened here, and why the others cannot. For `hone doctor`.
import { HoneError } from '../../error.ts'
import type { Finding } from './machine.ts'
import { squareSum } from '../../gpu/net/adamw.ts'
import { openDevice, runtimeVersion } from '../../gpu/device/open.ts'
import type { DeviceSpec } from '../../gpu/device/spec.ts'
import type { Device } from '../../gpu/device/device.ts'
import { libraryPath } from '../../gpu/ort/library.ts'
import { toOnnx } from '../../gpu/graph/onnx.ts'

/** Opens each kind of device once. A missing GPU is no fault; a CPU that cannot be opened is one. */
export async function inspectProviders(): Promise<Finding[]> {
  const library = await attempt(
    'ONNX Runtime',
    'broken',
    async () => `${await runtimeVersion()} at ${await libraryPath()}`,
  )
  if (library.state !== 'ok') return [library]
  return [library, await device('cpu', 'broken'), await device('cuda', 'missing')]
}

async function device(spec: DeviceSpec, otherwise: 'missing' | 'broken'): Promise<Finding> {
  let opened: Device | undefined
  const found = await attempt(spec, otherwise, async () => (opened = await openDevice(spec)).name)
  return opened === undefined ? found : await attempt(spec, 'broken', async () => check(opened!))
}

/** Runs a small graph: placement is checked where it is compiled, its result here. Returns what the device is. */
function check(device: Device): string {
  const [x, sum] = [device.alloc('f32', [3]), device.alloc('f32', [])]
  const session = device.compile(toOnnx(squareSum(3)), 'a test graph')
  const binding = session.bind().input('x', x).output('sum', sum)
  device.upload(x, Float32Array.of(1, 2, 3))
  binding.run()
  const [found] = device.download(sum)
  binding.free()
  session.free()
  for (const tensor of [x, sum]) device.free(tensor)
  if (found !== 14) throw new HoneError(`${device.name} (${device.description}) computes ${found} where 14 is right`)
  return `${device.name}, ${device.description}; a test graph runs there as a whole`
}

async function attempt(name: string, otherwise: 'missing' | 'broken', probe: () => Promise<string>): Promise<Finding> {
  try {
    return { area: 'devices', name, value: await probe(), state: 'ok' }
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error)
    const hint = error instanceof HoneError ? error.hint : UNLOADABLE
    return { area: 'devices', name, value: otherwise, state: otherwise, note, hint }
  }
}

/** The loader refuses a file on a volume mounted noexec, a damaged one, and one that needs a newer system. */
const UNLOADABLE = 'set HONE_CACHE to a folder whose files may be executed, or empty it; glibc must be 2.28 or later'
