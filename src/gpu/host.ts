// Host memory as a device: the CPU.
import type { Ort } from './ort.ts'
import type { Backend } from './resident.ts'
import { viewAs } from './tensor.ts'

export function hostBackend(ort: Ort): Backend {
  return {
    name: 'cpu',
    description: `${ort.threads} thread${ort.threads === 1 ? '' : 's'}`,
    place: ort.host,
    settings: {},
    allocate(bytes) {
      const memory = ort.allocateHost(bytes)
      const { buffer, start } = memory
      return {
        memory,
        write(offset, data) {
          const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
          new Uint8Array(buffer, start + offset, bytes.length).set(bytes)
        },
        read: (offset, dtype, bytes) => viewAs(dtype, buffer, start + offset, bytes),
        release() {
          // Detaching frees the memory now, not at some garbage collection, and empties views of it instead of leaving them dangling.
          buffer.transfer(0)
        },
      }
    },
    inspect() {},
  }
}
