// Host memory as a device: the CPU.
import { allocateHost, freeHost, viewHost, writeHost } from '../ort/libc.ts'
import type { Ort } from '../ort/ort.ts'
import type { Backend } from './backend.ts'
import { viewAs } from '../graph/tensor.ts'

export function hostBackend(ort: Ort): Backend {
  return {
    name: 'cpu',
    description: `${ort.threads} thread${ort.threads === 1 ? '' : 's'}`,
    place: ort.host,
    settings: {},
    allocate(bytes) {
      const memory = allocateHost(bytes)
      let view: ArrayBuffer | undefined
      return {
        memory,
        write: (offset, data) => writeHost(memory, offset, data),
        read(offset, dtype, bytes) {
          view ??= viewHost(memory)
          return viewAs(dtype, view, offset, bytes)
        },
        release() {
          // Detached, so that arrays handed out become empty instead of dangling.
          view?.transfer(0)
          freeHost(memory)
        },
      }
    },
    inspect() {},
  }
}
