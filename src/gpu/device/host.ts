// Host memory as a device: the CPU.
import { allocateHost, copyHost, freeHost, readHost, trimHost, viewHost, writeHost } from '../ort/libc.ts'
import type { Ort } from '../ort/ort.ts'
import type { Backend } from './backend.ts'
import { memoryAllowed } from './crowd.ts'
import { loadsOf, portions } from './portions.ts'
import { vectorUnits } from './processor.ts'
import { dtypes, emptyArray, viewAs } from '../graph/tensor.ts'

/**
 * Bytes of a block above which what is read of it is copied. The garbage collector counts a view as memory of its own and lets as
 * much garbage be: after one look at weights, gradients and moments that would be as much again.
 */
const LARGEST_VIEW = 2 ** 26

/** Bytes that are freed before the system gets them back: the keys and values of an evaluation are as much as what is trained. */
const KEPT_FREE = 2 ** 28

/**
 * `crowded`: whether other programs compute too. Then threads that spin keep each other waiting: measured on two cores, a
 * training step takes 4 times as long beside three busy processes, and 2.7 where threads without work sleep. Alone it takes a
 * tenth longer where they sleep.
 */
export function hostBackend(ort: Ort, crowded: () => boolean): Backend {
  let freed = 0
  return {
    name: 'cpu',
    description: `${ort.threads} thread${ort.threads === 1 ? '' : 's'}`,
    memory: memoryAllowed(),
    portions: { ...portions.cpu, loads: vectorUnits().has('avx512f') ? loadsOf.wide : loadsOf.narrow },
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
          if (memory.bytes > LARGEST_VIEW) {
            const values = emptyArray(dtype, bytes / dtypes[dtype].bytes)
            readHost(memory, offset, values)
            return values
          }
          view ??= viewHost(memory)
          return viewAs(dtype, view, offset, bytes)
        },
        release() {
          // Detached, so that arrays handed out become empty instead of dangling.
          view?.transfer(0)
          freeHost(memory)
          freed += memory.bytes
          if (freed < KEPT_FREE) return
          trimHost()
          freed = 0
        },
      }
    },
    inspect() {},
  }
}
