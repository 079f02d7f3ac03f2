// Tensors, sessions and bindings over a backend: the part of a device that is the same for all of them.
import { EXIT, HoneError } from '../error.ts'
import type { Binding, CompileOptions, Device, Session, Tensor } from './device.ts'
import { cName, type CName, type Handle, type Memory, type Ort, type SessionSettings } from './ort.ts'
import { profilePrefix, readProfile } from './profile.ts'
import { dtypes, elements, type ArrayOf, type DType, type Shape } from './tensor.ts'

/** What differs between devices: where memory comes from and how bytes get there. */
export interface Backend {
  readonly name: string
  readonly place: Handle<'place'>
  /** Memory of `bytes` zeros. */
  allocate(bytes: number): Memory
  release(memory: Memory): void
  /** Copies all of `data` to byte `offset` of the memory. */
  write(memory: Memory, offset: number, data: ArrayOf<DType>): void
  read<D extends DType>(memory: Memory, offset: number, dtype: D, bytes: number): ArrayOf<D>
}

/** Key under which a tensor keeps what only its device may use. */
export const resident = Symbol('resident')
export interface Resident {
  readonly value: Handle<'value'>
  readonly block: Block
  /** First byte of the tensor in its block. */
  readonly offset: number
  readonly isView: boolean
}

/** One allocation and every tensor that lies in it. */
interface Block {
  readonly memory: Memory
  readonly values: Set<Handle<'value'>>
  alive: boolean
}

export function deviceOver(ort: Ort, backend: Backend): Device {
  const counters = { uploads: 0, downloads: 0, bytesUp: 0, bytesDown: 0, runs: 0 }
  /** Blocks freed so far: while it stands still, no binding can have lost a tensor. */
  let freed = 0

  function tensor<D extends DType>(dtype: D, shape: Shape, block: Block, offset: number, isView: boolean): Tensor<D> {
    const value = ort.value(backend.place, block.memory, offset, dtype, shape)
    block.values.add(value)
    return { dtype, shape: [...shape], device, [resident]: { value, block, offset, isView } }
  }

  function session(model: Uint8Array, name: string, { profile = false }: CompileOptions): Session {
    const settings: SessionSettings = profile ? { profile: profilePrefix() } : {}
    const handle = ort.session(model, name, settings)
    let recording = profile
    return {
      name,
      bind: () => binding(handle, name),
      profile() {
        if (!recording) return []
        recording = false
        return readProfile(ort.endProfiling(handle))
      },
      free() {
        this.profile()
        ort.releaseSession(handle)
      },
    }
  }

  function binding(session: Handle<'session'>, name: string): Binding {
    const handle = ort.binding(session)
    const inputs = new Map<string, Tensor>()
    const outputs = new Map<string, Tensor>()
    let checked = freed
    return {
      input(key, tensor) {
        if (inputs.get(key) === tensor) return this
        ort.bindInput(handle, nameOf(key), usable(tensor)[resident].value)
        inputs.set(key, tensor)
        return this
      },
      output(key, tensor) {
        if (outputs.get(key) === tensor) return this
        ort.bindOutput(handle, nameOf(key), usable(tensor)[resident].value)
        outputs.set(key, tensor)
        return this
      },
      run() {
        if (checked !== freed) {
          for (const tensor of inputs.values()) usable(tensor)
          for (const tensor of outputs.values()) usable(tensor)
          checked = freed
        }
        ort.run(session, handle, name)
        counters.runs++
      },
      free() {
        ort.releaseBinding(handle)
        inputs.clear()
        outputs.clear()
      },
    }
  }

  /** The tensor, if it lies here and was not freed: ORT would follow a stale pointer without a word. */
  function usable<D extends DType>(tensor: Tensor<D>): Tensor<D> {
    if (tensor.device !== device) throw misuse(`a tensor of ${tensor.device.name} was given to ${backend.name}`)
    if (!tensor[resident].block.alive)
      throw misuse(`a ${tensor.dtype} [${tensor.shape}] tensor is used after it was freed`)
    return tensor
  }

  const device: Device = {
    name: backend.name,
    counters,
    alloc(dtype, shape) {
      const memory = backend.allocate(elements(shape) * dtypes[dtype].bytes)
      return tensor(dtype, shape, { memory, values: new Set(), alive: true }, 0, false)
    },
    view(whole, shape, offset = 0) {
      const { block, offset: start } = usable(whole)[resident]
      const end = offset + elements(shape)
      if (offset < 0 || end > elements(whole.shape))
        throw misuse(`elements ${offset} to ${end} are not all within a tensor [${whole.shape}]`)
      return tensor(whole.dtype, shape, block, start + offset * dtypes[whole.dtype].bytes, true)
    },
    upload(tensor, data) {
      const { block, offset } = usable(tensor)[resident]
      if (data.length !== elements(tensor.shape) || !(data instanceof dtypes[tensor.dtype].array))
        throw misuse(
          `${data.length} elements of ${data.constructor.name} do not fill ${tensor.dtype} [${tensor.shape}]`,
        )
      backend.write(block.memory, offset, data)
      counters.uploads++
      counters.bytesUp += data.byteLength
    },
    download(tensor) {
      const { block, offset } = usable(tensor)[resident]
      const bytes = elements(tensor.shape) * dtypes[tensor.dtype].bytes
      counters.downloads++
      counters.bytesDown += bytes
      return backend.read(block.memory, offset, tensor.dtype, bytes)
    },
    free(tensor) {
      const { block, value, isView } = tensor[resident]
      if (isView) {
        if (block.values.delete(value)) ort.releaseValue(value)
      } else if (block.alive) {
        for (const value of block.values) ort.releaseValue(value)
        block.values.clear()
        block.alive = false
        backend.release(block.memory)
        freed++
      }
    },
    compile: (model, name, options = {}) => session(model, name, options),
  }
  return device
}

const names = new Map<string, CName>()
/** Names are few and bound often: each is turned into a C string once. */
function nameOf(name: string): CName {
  let known = names.get(name)
  if (known === undefined) names.set(name, (known = cName(name)))
  return known
}

function misuse(what: string): HoneError {
  return new HoneError(`Cannot go on: ${what}`, { exit: EXIT.bug })
}
