// Tensors on a device and graphs compiled for it. Nothing outside src/gpu may assume that tensors lie in host memory.
import type { Block } from './backend.ts'
import type { Handle } from '../ort/ort.ts'
import type { Portions } from './portions.ts'
import type { Precision } from './precision.ts'
import type { OpTime } from './profile.ts'
import type { ArrayOf, DType, Shape } from '../graph/tensor.ts'

/** Elements in a device's memory; `[]` is the shape of a scalar. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: Shape
  readonly device: Device
  readonly [resident]: Resident
}

export interface Device {
  /** `cpu`, `cuda:0` … */
  readonly name: string
  /** What it is, for people: threads, or the GPU's name and memory. */
  readonly description: string
  /** Bytes that there were for models when it was opened: the machine's memory, or what was free on the card. */
  readonly memory: number
  /** How much it computes at a time. */
  readonly portions: Portions
  /** Element types of the models that are opened on it. */
  readonly precision: Precision
  /** What the program moved between its arrays and tensors, and how often graphs ran. */
  readonly counters: { uploads: number; downloads: number; bytesUp: number; bytesDown: number; runs: number }
  /** A tensor of zeros. Its memory is kept until `free`. */
  alloc<D extends DType>(dtype: D, shape: Shape): Tensor<D>
  /** Part of a tensor's memory, from element `offset` (default 0), in another shape: shares the memory, copies nothing. */
  view<D extends DType>(tensor: Tensor<D>, shape: Shape, offset?: number): Tensor<D>
  /** Overwrites the whole tensor with as many elements of its type. */
  upload<D extends DType>(tensor: Tensor<D>, data: ArrayOf<D>): void
  /**
   * The tensor's elements. On the CPU a live view of its memory, which later runs change and `free` empties; elsewhere
   * a copy. Take a `slice()` to keep them.
   */
  download<D extends DType>(tensor: Tensor<D>): ArrayOf<D>
  /** Copies stretches of a tensor over another one of its type, where they lie; all numbers are of elements. */
  copy<D extends DType>(from: Tensor<D>, to: Tensor<D>, stretches: CopiedStretches): void
  /** Gives the memory back, and with it that of every view of it. Freeing a view only forgets the view. */
  free(tensor: Tensor): void
  /** Compiles a serialised ONNX model; `name` is how errors call it. */
  compile(model: Uint8Array, name: string, options?: CompileOptions): Session
}

/** So many stretches of `width` elements, from where to where, and how far apart they lie: `width` at least. */
export interface CopiedStretches {
  width: number
  count: number
  from: number
  fromPitch: number
  to: number
  toPitch: number
}

export interface CompileOptions {
  /** Record the time of every operator; `Session.profile` reads it. */
  profile?: boolean
  /**
   * Record the launches of the first run and play them back from then on, where the device can (a CUDA graph): every tensor must stay
   * bound as it is then. That first run computes three times, so what is replaced in place has to be set after it.
   */
  capture?: boolean
}

export interface Session {
  readonly name: string
  /** Compiled now, it would use the machine's cores in another way: better, and with the same results. */
  outdated(): boolean
  bind(): Binding
  /** Time by operator since the session was compiled, slowest first; ends the recording. Empty unless it was asked for. */
  profile(): OpTime[]
  /** Frees the compiled graph. Its bindings must be freed before. */
  free(): void
}

/** Tensors tied to a session's inputs and outputs. Binding a name again replaces its tensor and costs about 1 µs. */
export interface Binding {
  input(name: string, tensor: Tensor): Binding
  /**
   * The tensor must have the shape that the graph computes. It may be one that is also bound as an input: that is not
   * checked, and wrong wherever another node reads the input after it was written.
   */
  output(name: string, tensor: Tensor): Binding
  /** Runs the graph to its end. */
  run(): void
  free(): void
}

/** Key under which a tensor keeps what only its device may use. */
export const resident = Symbol('resident')
export interface Resident {
  readonly value: Handle<'value'>
  readonly owner: Owner
  /** First byte of the tensor in its block. */
  readonly offset: number
  readonly isView: boolean
}

/** A block and every tensor that lies in it. */
export interface Owner {
  readonly block: Block
  readonly values: Set<Handle<'value'>>
  alive: boolean
}
