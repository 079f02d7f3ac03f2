// Tensors, sessions and bindings over a backend: the part of a device that is the same for all of them.
import { type DTypeSpec, precisionOf } from './precision.ts'
import type { Backend } from './backend.ts'
import { EXIT, HoneError } from '../../error.ts'
import {
  resident,
  type Binding,
  type CompileOptions,
  type Device,
  type Owner,
  type Session,
  type Tensor,
} from './device.ts'
import { cName, type CName, type Handle, type Ort } from '../ort/ort.ts'
import { idleSessions } from './idle.ts'
import { profilePrefix, readProfile } from './profile.ts'
import { dtypes, elements, type DType, type Shape } from '../graph/tensor.ts'

export function deviceOver(ort: Ort, backend: Backend, dtype: DTypeSpec = 'f32'): Device {
  const idle = idleSessions(ort)
  const counters = { uploads: 0, downloads: 0, bytesUp: 0, bytesDown: 0, runs: 0 }
  /** Blocks freed so far: while it stands still, no binding can have lost a tensor. */
  let freed = 0

  function tensor<D extends DType>(dtype: D, shape: Shape, owner: Owner, offset: number, isView: boolean): Tensor<D> {
    const value = ort.value(backend.place, owner.block.memory, offset, dtype, shape)
    owner.values.add(value)
    return { dtype, shape: [...shape], device, [resident]: { value, owner, offset, isView } }
  }

  function session(model: Uint8Array, name: string, { profile = false, capture = false }: CompileOptions): Session {
    const settings = backend.settings(capture)
    // A session is bound to a provider, to threads of its own or to what it records: others are all alike.
    const alike = !profile && settings.cuda === undefined && !settings.sleep
    const handle =
      (alike && idle.take(model)) ||
      ort.session(model, name, { ...settings, ...(profile && { profile: profilePrefix() }) })
    try {
      backend.inspect(handle, name)
    } catch (error) {
      ort.releaseSession(handle)
      throw error
    }
    let recording = profile
    return {
      name,
      outdated: () => !profile && backend.settings().sleep !== settings.sleep,
      bind: () => binding(handle, name),
      profile() {
        if (!recording) return []
        recording = false
        return readProfile(ort.endProfiling(handle))
      },
      free() {
        this.profile()
        if (alike) idle.give(model, handle)
        else ort.releaseSession(handle)
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
          inputs.forEach(checkAlive)
          outputs.forEach(checkAlive)
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
    const { owner, value } = tensor[resident]
    if (!owner.values.has(value)) throw afterFree(tensor)
    return tensor
  }
  /** A binding holds on to its tensors' descriptions, but not to the memory that they describe. */
  function checkAlive(tensor: Tensor): void {
    if (!tensor[resident].owner.alive) throw afterFree(tensor)
  }

  const device: Device = {
    name: backend.name,
    description: backend.description,
    memory: backend.memory,
    portions: backend.portions,
    precision: precisionOf(dtype, backend.name, backend.types),
    counters,
    alloc(dtype, shape) {
      const block = backend.allocate(elements(shape) * dtypes[dtype].bytes)
      return tensor(dtype, shape, { block, values: new Set(), alive: true }, 0, false)
    },
    view(whole, shape, offset = 0) {
      const { owner, offset: start } = usable(whole)[resident]
      const end = offset + elements(shape)
      if (offset < 0 || end > elements(whole.shape))
        throw misuse(`elements ${offset} to ${end} are not all within a tensor [${whole.shape}]`)
      return tensor(whole.dtype, shape, owner, start + offset * dtypes[whole.dtype].bytes, true)
    },
    upload(tensor, data) {
      const { owner, offset } = usable(tensor)[resident]
      if (data.length !== elements(tensor.shape) || !(data instanceof dtypes[tensor.dtype].array))
        throw misuse(
          `${data.length} elements of ${data.constructor.name} do not fill ${tensor.dtype} [${tensor.shape}]`,
        )
      owner.block.write(offset, data)
      counters.uploads++
      counters.bytesUp += data.byteLength
    },
    download(tensor) {
      const { owner, offset } = usable(tensor)[resident]
      const bytes = elements(tensor.shape) * dtypes[tensor.dtype].bytes
      counters.downloads++
      counters.bytesDown += bytes
      return owner.block.read(offset, tensor.dtype, bytes)
    },
    copy(from, to, { width, count, ...places }) {
      const [source, target] = [usable(from)[resident], usable(to)[resident]]
      const size = dtypes[from.dtype].bytes
      const { from: first, fromPitch, to: at, toPitch } = places
      const last = Math.max(0, count - 1)
      const within = (tensor: Tensor, start: number, pitch: number) =>
        start >= 0 && width <= pitch && start + last * pitch + width <= elements(tensor.shape)
      if (!within(from, first, fromPitch) || !within(to, at, toPitch))
        throw misuse(`stretches of ${width} elements overlap, or are not all within [${from.shape}] and [${to.shape}]`)
      target.owner.block.copy(source.owner.block, {
        bytes: width * size,
        count,
        from: source.offset + first * size,
        fromPitch: fromPitch * size,
        to: target.offset + at * size,
        toPitch: toPitch * size,
      })
    },
    free(tensor) {
      const { owner, value, isView } = tensor[resident]
      if (isView) {
        if (owner.values.delete(value)) ort.releaseValue(value)
      } else if (owner.alive) {
        for (const value of owner.values) ort.releaseValue(value)
        owner.values.clear()
        owner.alive = false
        owner.block.release()
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

function afterFree({ dtype, shape }: Tensor): HoneError {
  return misuse(`a ${dtype} [${shape}] tensor is used after it was freed`)
}

function misuse(what: string): HoneError {
  return new HoneError(`Cannot go on: ${what}`, { exit: EXIT.bug })
}
