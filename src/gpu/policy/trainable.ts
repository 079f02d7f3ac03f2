// A model folder opened on a device, and everything about being trained that does not depend on its head.
import { loadAdapter, saveAdapter } from '../weights/adapter.ts'
import type { Device } from '../device/device.ts'
import { optimizerOf } from './optimizer.ts'
import { loadParameters, type Training } from './parameters.ts'
import type { Engine } from './engine.ts'
import type { Trainable } from './policy.ts'
import { programsOn, type Programs } from '../device/programs.ts'
import { scratchOn } from '../device/scratch.ts'
import { setValues, valuesOf } from '../device/values.ts'
import { allFinite } from '../weights/number.ts'
import type { Precision } from '../device/precision.ts'
import { isScalarRole, type HeadKind } from '../weights/family.ts'
import { openWeights, saveModel, type ModelSource } from '../weights/weights.ts'
import { HoneError } from '../../error.ts'

export interface ModelOptions {
  training?: Training
  /** A PEFT adapter folder: merged, or trained on where training is LoRA. */
  adapter?: string | undefined
  /** Keep frozen weights beside those that full fine-tuning changes. */
  reference?: boolean
  /** They are to move after the policy (`pullReference`). */
  moving?: boolean
  /** Bytes of activations that a pass may keep for its backward; above, they are computed again. As the device has it unless given. */
  activationBudget?: number
  /** Element types; those of the device unless given. */
  precision?: Precision
  /** Seed of a head that the folder does not have; one with another head is refused unless it is given. */
  fresh?: number
  /** Record the time of every operator (`programs.profile()`). */
  profile?: boolean
}

/** What tests and measurements see of a model beside its use. */
export interface Inspected extends Trainable {
  readonly programs: Programs
  /** The gradients accumulated so far, by name. */
  gradients(): { name: string; value: Float32Array }[]
}

/** Open the Hugging Face folder `dir` with a head of that kind. Throws HoneError for a folder or adapter that hone cannot run. */
export function openEngine(
  device: Device,
  dir: string,
  head: HeadKind,
  {
    training = { kind: 'none' },
    adapter,
    reference = false,
    moving = false,
    activationBudget = device.portions.activations,
    precision = device.precision,
    profile = false,
    fresh,
  }: ModelOptions,
): { engine: Engine; trainable: Inspected } {
  const weights = openWeights(dir, head, fresh === undefined ? {} : { fresh })
  const { config } = weights
  const programs = programsOn(device, { profile })
  const scratch = scratchOn(device)
  const parameters = (() => {
    try {
      const loaded = adapter === undefined ? undefined : loadAdapter(adapter, config)
      return loadParameters(programs, weights, { precision, training, adapter: loaded, reference, moving })
    } finally {
      weights.close()
    }
  })()
  const { trained } = parameters
  const optimizer = trained && optimizerOf(programs, scratch, trained)
  const inTraining = () => {
    if (!trained || !optimizer) throw new Error('the model was opened without training')
    return { trained, optimizer }
  }

  const traces: Engine['traces'] = {}

  const source: ModelSource = {
    from: dir,
    config,
    read: ({ name, role, layer }) => valuesOf(trained?.byName.get(name)?.value ?? parameters.weight(role, layer)),
  }
  const trainable: Inspected = {
    config,
    programs,
    trainable: trained?.value.shape[0] ?? 0,
    gradients: () =>
      (trained?.tensors ?? []).map(({ name, gradient }) => ({ name, value: device.download(gradient).slice() })),
    update(options) {
      delete traces.last
      const { gradNorm } = inTraining().optimizer.step(options)
      parameters.refresh()
      return { gradNorm }
    },
    unsound() {
      if (!trained || !optimizer || optimizer.sound()) return undefined
      const [moment1, moment2] = [device.download(trained.moment1), device.download(trained.moment2)]
      return trained.tensors.find(({ offset, value }) => {
        const whole = device.download(value)
        const moments = [moment1, moment2].map((each) => each.subarray(offset, offset + whole.length))
        return [whole, ...moments].some((each) => !allFinite(each))
      })?.name
    },
    unsoundGradient: () => trained?.tensors.find(({ gradient }) => !allFinite(device.download(gradient)))?.name,
    pullReference: parameters.pull,
    clearGradients() {
      if (trained) device.upload(trained.gradient, new Float32Array(trained.gradient.shape[0]!))
    },
    state() {
      const { trained, optimizer } = inTraining()
      const [moment1, moment2] = [device.download(trained.moment1), device.download(trained.moment2)]
      const tensors = trained.tensors.map(({ name, shape, offset, value }) => {
        const whole = device.download(value)
        const end = offset + whole.length
        return {
          name,
          shape,
          value: whole.slice(),
          moment1: moment1.slice(offset, end),
          moment2: moment2.slice(offset, end),
        }
      })
      const reference = [...(parameters.moving ?? [])].map(([name, tensor]) => ({
        name,
        shape: tensor.shape,
        value: valuesOf(tensor).slice(),
      }))
      return { updates: optimizer.updates, tensors, ...(parameters.moving && { reference }) }
    },
    restore({ updates, tensors, reference = [] }) {
      const { trained, optimizer } = inTraining()
      const hint = 'The checkpoint must be of the same model and the same kind of training.'
      const absent = trained.tensors.find(({ name }) => !tensors.some((tensor) => tensor.name === name))
      if (absent)
        throw new HoneError(`Cannot restore: '${absent.name}' is trained here and not in the checkpoint`, { hint })
      const [count = 0] = trained.value.shape
      const values = {
        value: new Float32Array(count),
        moment1: new Float32Array(count),
        moment2: new Float32Array(count),
      }
      const kinds = ['value', 'moment1', 'moment2'] as const
      for (const tensor of tensors) {
        const known = trained.byName.get(tensor.name)
        if (known === undefined || known.shape.join() !== tensor.shape.join())
          throw new HoneError(`Cannot restore: '${tensor.name}' [${tensor.shape.join(', ')}] is not trained here`, {
            hint,
          })
        for (const kind of kinds) values[kind].set(tensor[kind], known.offset)
      }
      for (const kind of kinds) device.upload(trained[kind], values[kind])
      for (const { name, value } of reference) {
        const tensor = parameters.moving?.get(name)
        if (tensor === undefined)
          throw new HoneError(`Cannot restore: the reference of '${name}' does not move here`, { hint })
        setValues(tensor, value)
      }
      optimizer.updates = updates
      delete traces.last
      parameters.refresh()
    },
    source,
    async save(directory, what, type = 'F32') {
      if (what === 'model') {
        saveModel(directory, { ...source, type })
        return
      }
      const { adapter: lowRank } = parameters
      if (!lowRank) throw new HoneError('Cannot save an adapter: the model is not trained with LoRA')
      const pairs = weights.parameters.flatMap(({ name }) => {
        const pair = lowRank.pair(name)
        return pair ? [[name, { a: device.download(pair.a.value), b: device.download(pair.b.value) }] as const] : []
      })
      const { rank, alpha, scale } = lowRank
      const whole = weights.parameters
        .filter(({ role, name }) => isScalarRole(role) && trained?.byName.has(name))
        .map(({ name }) => [name, device.download(trained!.byName.get(name)!.value)] as const)
      const adapter = { rank, alpha, scale, pairs: new Map(pairs), whole: new Map(whole) }
      saveAdapter(directory, adapter, { config, base: dir })
    },
    free() {
      programs.free()
      scratch.free()
      parameters.free()
    },
  }
  return {
    engine: { config, precision, portions: device.portions, programs, scratch, parameters, activationBudget, traces },
    trainable,
  }
}
