// Host memory as a device: the CPU.
import { allocateHost, copyHost, freeHost, viewHost, writeHost } from '../ort/libc.ts'
import type { Ort } from '../ort/ort.ts'
import type { Backend } from './backend.ts'
import { portions } from './portions.ts'
import { viewAs } from '../graph/tensor.ts'

/**
 * `crowded`: whether other programs compute too. Then threads that spin keep each other waiting: measured on two cores, a
 * training step takes 4 times as long beside three busy processes, and 2.7 where threads without work sleep. Alone it takes a
 * tenth longer where they sleep.
 */
export function hostBackend(ort: Ort, crowded: () => boolean): Backend {
  return {
    name: 'cpu',
    description: `${ort.threads} thread${ort.threads === 1 ? '' : 's'}`,
    portions: portions.cpu,
    // ONNX Runtime computes float16 there, slower than float32, and of bfloat16 hardly anything.
    types: { floats: ['f32', 'f16'], tf32: false },
    place: ort.host,
    // One thread is the caller's: it waits for no other.
    settings: () => ({ sleep: ort.threads > 1 && crowded() }),
    allocate(bytes) {
      const memory = allocateHost(bytes)
      let view: ArrayBuffer | undefined
      return {
        memory,
        write: (offset, data) => writeHost(memory, offset, data),
        copy: ({ memory: source }, stretches) => copyHost(source, memory, stretches),
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
