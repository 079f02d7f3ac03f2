// Host memory as a device: the CPU.
import type { Ort } from './ort.ts'
import type { Backend } from './resident.ts'
import { viewAs } from './tensor.ts'

export function hostBackend(ort: Ort): Backend {
  return {
    name: 'cpu',
    place: ort.host,
    allocate: ort.allocateHost,
    release(memory) {
      // Detaching frees the memory now, not at some garbage collection, and leaves views of it empty instead of dangling.
      memory.buffer?.transfer(0)
    },
    write(memory, offset, data) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      new Uint8Array(memory.buffer!, memory.start + offset, bytes.length).set(bytes)
    },
    read: (memory, offset, dtype, bytes) => viewAs(dtype, memory.buffer!, memory.start + offset, bytes),
  }
}
