// A model folder opened on a device, and everything about being trained that does not depend on its head.
import { loadAdapter, saveAdapter } from '../weights/adapter.ts'
import type { Device } from '../device/device.ts'
import type { DecodePortions } from '../device/portions.ts'
import { optimizerOf } from './optimizer.ts'
import { loadParameters, type Training } from './parameters.ts'
import type { Engine } from './engine.ts'
import type { PolicyState, Trainable, Update, UpdateOptions } from './policy.ts'
import { canShrink, firstScaling, scaledOn, type Scaling } from './scaling.ts'
import { stretchesOf, type Stretches } from './stretches.ts'
import type { Trained } from './trained-set.ts'
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
  /** Tokens written as one graph where the device does not say so itself. */
  decode?: DecodePortions
  /** Element types; those of the device unless given. */
  precision?: Precision
  /** Seed of a head that the folder does not have; one with another head is refused unless it is given. */
  fresh?: number
  /** Record the time of every operator (`programs.profile()`). */
  profile?: boolean
}

/** A model on a device of this process, whose work is done when it returns, and what is seen of it beside its use. */
export interface Inspected extends Trainable {
  update(options: UpdateOptions): Update
  unsoundGradient(): string | undefined
  pullReference(share: number): void
  restore(state: PolicyState): void
  readonly programs: Programs
  /** The gradients accumulated so far, by name. */
  gradients(): { name: string; value: Float32Array }[]
  /** What is trained, for copies of the model on other devices. */
  stretches(): Stretches
  /** Compute with what stretches were set to, on a loss that is scaled so. */
  refresh(scaling: Scaling | undefined): void
  /** Overwrite a weight of a reference that moves. @throws HoneError where it does not move. */
  setReference(name: string, value: Float32Array): void
}

const OTHER_TRAINING = 'The checkpoint must be of the same model and the same kind of training.'

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
    decode = device.portions.decode,
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
  let stretches: Stretches | undefined
  const optimizer = trained && optimizerOf(programs, scratch, trained)
  const inTraining = () => {
    if (!trained || !optimizer) throw new Error('the model was opened without training')
    return { trained, optimizer }
  }

  /** Read from the device where it is asked: all of it at once would take as much memory again. */
  const stateOf = ({ name, shape, value, moment1, moment2 }: Trained) => ({
    name,
    shape,
    get value() {
      return device.download(value)
    },
    get moment1() {
      return device.download(moment1)
    },
    get moment2() {
      return device.download(moment2)
    },
  })
  const traces: Engine['traces'] = {}
  const scaled: Engine['scaled'] = trained && precision.compute === 'f16' ? { by: firstScaling() } : {}

  const setReference = (name: string, value: Float32Array) => {
    const tensor = parameters.moving?.get(name)
    if (tensor === undefined)
      throw new HoneError(`Cannot restore: the reference of '${name}' does not move here`, { hint: OTHER_TRAINING })
    setValues(tensor, value)
  }
  const refresh = (scaling: Scaling | undefined) => {
    if (scaled.by && scaling) scaled.by = scaling
    delete traces.last
    parameters.refresh()
  }

  const source: ModelSource = {
    from: dir,
    config,
    read: ({ name, role, layer }) => valuesOf(trained?.byName.get(name)?.value ?? parameters.weight(role, layer)),
  }
  const trainable: Inspected = {
    config,
    lengths: device.portions.lengths,
    programs,
    trainable: trained?.value.shape[0] ?? 0,
    gradients: () =>
      (trained?.tensors ?? []).map(({ name, gradient }) => ({
        name,
        value: device.download(gradient).map((slope) => slope / (scaled.by?.scale ?? 1)),
      })),
    update(options) {
      const { by } = scaled
      const { gradNorm } = inTraining().optimizer.step(options, by?.scale ?? 1)
      const overflowed = !Number.isFinite(gradNorm)
      if (by && overflowed && canShrink(by)) trainable.clearGradients()
      else {
        delete traces.last
        parameters.refresh()
        if (!by || overflowed) return { gradNorm }
      }
      scaled.by = scaledOn(by, overflowed)
      return { gradNorm, scaling: { scale: by.scale, skipped: overflowed } }
    },
    unsound() {
      if (!trained || !optimizer || optimizer.sound()) return undefined
      return trained.tensors
        .map(stateOf)
        .find(({ value, moment1, moment2 }) => [value, moment1, moment2].some((each) => !allFinite(each)))?.name
    },
    unsoundGradient: () => trained?.tensors.find(({ gradient }) => !allFinite(device.download(gradient)))?.name,
    pullReference: parameters.pull,
    clearGradients() {
      if (trained) device.upload(trained.gradient, new Float32Array(trained.gradient.shape[0]!))
    },
    state() {
      const { trained, optimizer } = inTraining()
      const tensors = trained.tensors.map(stateOf)
      const reference = [...(parameters.moving ?? [])].map(([name, tensor]) => ({
        name,
        shape: tensor.shape,
        get value() {
          return valuesOf(tensor)
        },
      }))
      return {
        updates: optimizer.updates,
        ...(scaled.by && { scaling: scaled.by }),
        tensors,
        ...(parameters.moving && { reference }),
      }
    },
    restore({ updates, scaling, tensors, reference = [] }) {
      const { trained, optimizer } = inTraining()
      const hint = OTHER_TRAINING
      const absent = trained.tensors.find(({ name }) => !tensors.some((tensor) => tensor.name === name))
      if (absent)
        throw new HoneError(`Cannot restore: '${absent.name}' is trained here and not in the checkpoint`, { hint })
      const places = tensors.map((tensor) => {
        const known = trained.byName.get(tensor.name)
        if (known === undefined || known.shape.join() !== tensor.shape.join())
          throw new HoneError(`Cannot restore: '${tensor.name}' [${tensor.shape.join(', ')}] is not trained here`, {
            hint,
          })
        return known
      })
      tensors.forEach((tensor, i) => {
        for (const kind of ['value', 'moment1', 'moment2'] as const) device.upload(places[i]![kind], tensor[kind])
      })
      for (const { name, value } of reference) setReference(name, value)
      optimizer.updates = updates
      refresh(scaling)
    },
    refresh,
    setReference,
    stretches: () => (stretches ??= stretchesOf(programs, scratch, inTraining().trained)),
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
  const portions = { ...device.portions, ...(decode && { decode }) }
  return {
    engine: { config, precision, portions, programs, scratch, parameters, activationBudget, scaled, traces },
    trainable,
  }
}
