// CUDA as a device: memory on one stream, and sessions that run there as a whole.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT, HoneError } from '../../error.ts'
import { openCudaRuntime } from '../ort/cudart.ts'
import { CUDA_PROVIDER, type Ort } from '../ort/ort.ts'
import type { Backend } from './backend.ts'
import { portions, portionsWithin } from './portions.ts'
import { dtypes, emptyArray } from '../graph/tensor.ts'

/** CUDA device `index`, through the CUDA runtime of that file name. Throws HoneError where there is no such device. */
export function cudaBackend(ort: Ort, runtimeLibrary: string, index: number, tf32 = false): Backend {
  const runtime = openCudaRuntime(runtimeLibrary)
  const count = runtime.devices()
  if (index >= count)
    throw new HoneError(
      `Cannot open device cuda:${index}: ${count === 0 ? 'there is no CUDA device' : `there are ${count}`}`,
      {
        hint: count === 0 ? 'Use --device cpu.' : `Use cuda:0${count > 1 ? ` to cuda:${count - 1}` : ''}.`,
      },
    )
  const { name: chip, major } = runtime.select(index)
  const { free, total } = runtime.memory()
  ort.shareCudaArena(index)
  // Copies and the work of every session go through one stream and so keep their order.
  const stream = runtime.stream()
  const options = {
    device_id: String(index),
    has_user_compute_stream: '1',
    user_compute_stream: String(stream),
    use_tf32: tf32 ? '1' : '0',
    // Nothing that hone builds needs cuDNN; without it a graph runs the same kernels wherever it is installed or not.
    enable_cudnn: '0',
  }
  const provider = ort.cuda(options)
  const capturing = ort.cuda({ ...options, enable_cuda_graph: '1' })
  const optimized = join(tmpdir(), `hone-cuda-${process.pid}.onnx`)

  return {
    name: `cuda:${index}`,
    description: `${chip}, ${gibibytes(free)} of ${gibibytes(total)} GiB free`,
    memory: free,
    portions: portionsWithin(portions.cuda, total),
    // Compute capability 8.0, Ampere, brought bfloat16 and TF32.
    types: major >= 8 ? { floats: ['bf16', 'f16', 'f32'], tf32: true } : { floats: ['f32', 'f16'], tf32: false },
    place: ort.cudaPlace(index),
    settings: (capture = false) => ({
      cuda: capture ? capturing : provider,
      optimized,
      config: {
        'session.record_ep_graph_assignment_info': '1',
        // The fused operator needs cuDNN.
        'optimization.disable_specified_optimizers': 'BiasSoftmaxFusion',
      },
    }),
    allocate(bytes) {
      const memory = runtime.allocate(bytes, stream)
      return {
        memory,
        write: (offset, data) => runtime.write(memory, offset, data, stream),
        copy: ({ memory: source }, stretches) => runtime.copy(source, memory, stretches, stream),
        read(offset, dtype, bytes) {
          const data = emptyArray(dtype, bytes / dtypes[dtype].bytes)
          runtime.read(memory, offset, data, stream)
          return data
        },
        release: () => runtime.release(memory),
      }
    },
    inspect(session, name) {
      const fallen = ort.assignments(session).filter(({ provider }) => provider !== CUDA_PROVIDER)
      const nodes = fallen.map(({ op, node }) => `${op} ${node}`.trim())
      const inputs = ort.hostInputs(session).map((input) => `input ${input}`)
      const faults = [...nodes, ...inputs, ...insertedCopies(optimized)]
      if (faults.length > 0)
        throw new HoneError(
          `Cannot run ${name} on cuda:${index} as a whole: on the CPU would be ${faults.join(', ')}`,
          {
            exit: EXIT.bug,
          },
        )
    },
  }
}

/** The copies between host and device in a model as it will run. Names of operators stand in the file as plain text. */
function insertedCopies(path: string): string[] {
  const model = readFileSync(path)
  rmSync(path)
  return ['MemcpyFromHost', 'MemcpyToHost'].filter((op) => model.includes(op))
}

const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)
