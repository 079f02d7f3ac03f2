// A model folder opened on a device as a policy: sessions, forward, accumulate, update, save.
import { loadAdapter, saveAdapter } from '../weights/adapter.ts'
import { batchOf, flatten, microBatches, perToken } from './batch.ts'
import type { Device } from '../device/device.ts'
import { scaleOf } from './law.ts'
import { standardBudget } from './layer-cache.ts'
import { decode } from './lockstep.ts'
import { optimizerOf } from './optimizer.ts'
import { loadParameters, type Training } from './parameters.ts'
import type { Engine } from './engine.ts'
import { forwardHead, logitRows } from './head-pass.ts'
import { backward, forwardBlocks } from './passes.ts'
import type { Forward, ForwardOptions, Group, PerToken, Policy } from './policy.ts'
import { programsOn, type Programs } from '../device/programs.ts'
import { sessionsOver } from './service.ts'
import { scratchOn } from '../device/scratch.ts'
import { allFinite, type FloatType } from '../weights/number.ts'
import { float32, type Precision } from '../net/precision.ts'
import { valuesOf } from '../device/values.ts'
import type { Parameter } from '../weights/family.ts'
import { openWeights, saveModel } from '../weights/weights.ts'
import { HoneError } from '../../error.ts'

export interface ModelOptions {
  training?: Training
  /** A PEFT adapter folder: merged, or trained on where training is LoRA. */
  adapter?: string | undefined
  /** Keep frozen weights beside those that full fine-tuning changes. */
  reference?: boolean
  /** Bytes of activations that a pass may keep for its backward; above, they are computed again. */
  activationBudget?: number
  /** Element types; float32 unless given. */
  precision?: Precision
  /** Record the time of every operator (`Model.programs.profile()`). */
  profile?: boolean
}

export interface Model extends Policy {
  readonly programs: Programs
  /** Logits at every position of a sequence of S tokens, [S·V]. */
  logits(ids: readonly number[]): Float32Array
  /** The gradients accumulated so far, by name. */
  gradients(): { name: string; value: Float32Array }[]
}

/** A gigabyte: kept activations make backward faster, and a batch too long for it still fits by computing them again. */
const ACTIVATION_BUDGET = 2 ** 30

/** Open the Hugging Face folder `dir` on a device. Throws HoneError for a folder or adapter that hone cannot run. */
export function openModel(
  device: Device,
  dir: string,
  {
    training = { kind: 'none' },
    adapter,
    reference = false,
    activationBudget = ACTIVATION_BUDGET,
    precision = float32,
    profile = false,
  }: ModelOptions = {},
): Model {
  const weights = openWeights(dir)
  const { config } = weights
  const storedType: FloatType = weights.storedType(weights.parameters[0]!.name)
  const programs = programsOn(device, { profile })
  const scratch = scratchOn(device)
  const parameters = (() => {
    try {
      const loaded = adapter === undefined ? undefined : loadAdapter(adapter, config)
      return loadParameters(programs, weights, { precision, training, adapter: loaded, reference })
    } finally {
      weights.close()
    }
  })()
  const engine: Engine = { config, precision, programs, scratch, parameters, activationBudget }
  const { trained } = parameters
  const optimizer = trained && optimizerOf(programs, scratch, trained)

  const forwardBatch = (groups: readonly Group[], options: ForwardOptions, keep: boolean) => {
    const batch = batchOf(groups, config)
    const reference = options.reference ?? false
    const residuals = forwardBlocks(engine, batch, { reference, keep })
    const { entropy = false } = options
    const found = forwardHead(engine, residuals, { temperature: scaleOf(options), entropy, reference })
    const forward: Forward = {
      logprobs: perToken(found.logprobs, groups, batch.sizes),
      ...(found.entropies && { entropies: perToken(found.entropies, groups, batch.sizes) }),
    }
    return { residuals, forward, sizes: batch.sizes }
  }

  return {
    config,
    programs,
    trainable: trained?.value.shape[0] ?? 0,
    open: sessionsOver((groups) => decode(engine, groups), standardBudget(engine)),
    forward(groups, options) {
      const logprobs: PerToken = []
      const entropies: PerToken = []
      for (const indices of microBatches(groups)) {
        const { forward } = forwardBatch(
          indices.map((i) => groups[i]!),
          options,
          false,
        )
        indices.forEach((i, n) => {
          logprobs[i] = forward.logprobs[n]!
          if (forward.entropies) entropies[i] = forward.entropies[n]!
        })
      }
      return { logprobs, ...(options.entropy && { entropies }) }
    },
    logits(ids) {
      // Completion rows predict; a last token that nothing predicts gives the last position its row.
      const batch = batchOf([{ prompt: ids.slice(0, 1), completions: [[...ids.slice(1), 0]] }], config)
      return logitRows(engine, forwardBlocks(engine, batch, {})).subarray(0, ids.length * config.vocabulary)
    },
    gradients: () =>
      (trained?.tensors ?? []).map(({ name, gradient }) => ({ name, value: device.download(gradient).slice() })),
    accumulate(groups, options, gradient) {
      const { residuals, forward, sizes } = forwardBatch(groups, options, true)
      const { logprobs, entropies } = gradient(forward)
      backward(engine, residuals, {
        temperature: scaleOf(options),
        dLogprobs: flatten(logprobs, sizes),
        ...(entropies && { dEntropies: flatten(entropies, sizes) }),
      })
    },
    update(options) {
      if (!optimizer) throw new Error('the model was opened without training')
      const { gradNorm } = optimizer.step(options)
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
    clearGradients() {
      if (trained) device.upload(trained.gradient, new Float32Array(trained.gradient.shape[0]!))
    },
    state() {
      if (!trained || !optimizer) throw new Error('the model was opened without training')
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
      return { updates: optimizer.updates, tensors }
    },
    restore({ updates, tensors }) {
      if (!trained || !optimizer) throw new Error('the model was opened without training')
      const values = { value: flat(trained.value), moment1: flat(trained.moment1), moment2: flat(trained.moment2) }
      const absent = trained.tensors.find(({ name }) => !tensors.some((tensor) => tensor.name === name))
      if (absent)
        throw new HoneError(`Cannot restore: '${absent.name}' is trained here and not in the checkpoint`, {
          hint: 'The checkpoint must be of the same model and the same kind of training.',
        })
      for (const tensor of tensors) {
        const known = trained.byName.get(tensor.name)
        if (known === undefined || known.shape.join() !== tensor.shape.join())
          throw new HoneError(`Cannot restore: '${tensor.name}' [${tensor.shape.join(', ')}] is not trained here`, {
            hint: 'The checkpoint must be of the same model and the same kind of training.',
          })
        for (const kind of ['value', 'moment1', 'moment2'] as const) values[kind].set(tensor[kind], known.offset)
      }
      for (const kind of ['value', 'moment1', 'moment2'] as const) device.upload(trained[kind], values[kind])
      optimizer.updates = updates
      parameters.refresh()
    },
    async save(directory, what) {
      if (what === 'model') {
        const read = ({ name, role, layer }: Parameter) =>
          valuesOf(trained?.byName.get(name)?.value ?? parameters.weight(role, layer))
        saveModel(directory, { from: dir, config, type: storedType, read })
        return
      }
      const { adapter: lowRank } = parameters
      if (!lowRank) throw new HoneError('Cannot save an adapter: the model is not trained with LoRA')
      const pairs = weights.parameters.flatMap(({ name }) => {
        const pair = lowRank.pair(name)
        return pair ? [[name, { a: device.download(pair.a.value), b: device.download(pair.b.value) }] as const] : []
      })
      const { rank, alpha, scale } = lowRank
      saveAdapter(directory, { rank, alpha, scale, pairs: new Map(pairs) }, { config, base: dir })
    },
    free() {
      programs.free()
      scratch.free()
      parameters.free()
    },
  }

  function flat({ shape: [n = 0] }: { shape: readonly number[] }): Float32Array<ArrayBuffer> {
    return new Float32Array(n)
  }
}
