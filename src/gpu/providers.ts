// Which devices can be opened here, and why the others cannot. For `hone doctor`.
import { HoneError } from '../error.ts'
import type { Finding } from '../machine.ts'
import { type DeviceSpec, openDevice, runtimeVersion } from './device.ts'
import { libraryPath } from './library.ts'

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
  return await attempt(spec, otherwise, async () => (await openDevice(spec)).name)
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
