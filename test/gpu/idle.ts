// A device that computes nothing, for tests of the graphs that are made for it.
import type { Device } from '../../src/gpu/device/device.ts'

/** `device`, on which graphs are made and none is run: the CPU has no kernels for bfloat16, and what is computed takes time. */
export function idle(device: Device): Device {
  const binding = { input: () => binding, output: () => binding, run() {}, free() {} }
  return {
    ...device,
    compile: (_, name) => ({ name, outdated: () => false, bind: () => binding, profile: () => [], free() {} }),
  }
}
