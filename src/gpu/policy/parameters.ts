// The weights of a policy on its device: what forward reads, what is frozen for the reference, what is trained.
import { type Adapter, adaptableParameters, pairNames } from '../weights/adapter.ts'
import { copyTensor } from '../device/copy.ts'
import type { Device, Tensor } from '../device/device.ts'
import {
  parametersOf,
  tensorName,
  type LayerRole,
  type ModelConfig,
  type Parameter,
  type Role,
} from '../weights/family.ts'
import { merge } from '../net/lora.ts'
import type { Programs } from '../device/programs.ts'
import { uniform } from '../../rng.ts'
import { elements, type Shape } from '../graph/tensor.ts'

/** One trained tensor, its gradient and moments: views of four flat buffers that lie in the same order. */
export interface Trained {
  name: string
  shape: Shape
  /** First element in the flat buffers. */
  offset: number
  value: Tensor<'f32'>
  gradient: Tensor<'f32'>
}

export interface TrainedSet {
  tensors: readonly Trained[]
  byName: ReadonlyMap<string, Trained>
  /** Flat buffers over all trained tensors, [n]. */
  value: Tensor<'f32'>
  gradient: Tensor<'f32'>
  moment1: Tensor<'f32'>
  moment2: Tensor<'f32'>
}

/** How a policy is trained. */
export type Training =
  | { kind: 'none' }
  | { kind: 'full' }
  | { kind: 'lora'; rank: number; alpha: number; targets: readonly LayerRole[]; seed: number }

export interface Parameters {
  /** The weight that the policy computes with. */
  weight(role: Role, layer?: number): Tensor<'f32'>
  /** The same weight as it was before training; throws where the policy keeps no reference. */
  reference(role: Role, layer?: number): Tensor<'f32'>
  trained: TrainedSet | undefined
  /** Set with LoRA: the pair of a weight by its name, and the scale of their product. */
  adapter: { rank: number; alpha: number; scale: number; pair(weight: string): LowRankTensors | undefined } | undefined
  /** Bring merged weights up to date with the adapter. */
  merge(): void
  free(): void
}

export interface LowRankTensors {
  a: Trained
  b: Trained
}

export interface ParameterSource {
  config: ModelConfig
  /** A fresh array, whose memory the reader takes. */
  read(name: string): Float32Array<ArrayBuffer>
}

/**
 * Put a model on the programs' device. `adapter` is merged into the weights, or trained on where training is LoRA.
 * `reference` keeps the model as training found it, adapter included; with a new adapter the base weights are that already.
 */
export function loadParameters(
  programs: Programs,
  source: ParameterSource,
  { training, adapter, reference }: { training: Training; adapter?: Adapter | undefined; reference: boolean },
): Parameters {
  const { device } = programs
  const { config } = source
  const all = parametersOf(config)
  const own: Tensor[] = []
  const keep = <T extends Tensor>(tensor: T): T => {
    own.push(tensor)
    return tensor
  }
  const load = (tensor: Tensor<'f32'>, name: string) => {
    const values = source.read(name)
    device.upload(tensor, values)
    // Given back at once: until some garbage collection the model would be in memory twice.
    values.buffer.transfer(0)
  }
  const place = (parameter: Parameter) => {
    const tensor = keep(device.alloc('f32', parameter.shape))
    load(tensor, parameter.name)
    return tensor
  }

  let trained: TrainedSet | undefined
  let lowRank: Parameters['adapter']
  const live = new Map<string, Tensor<'f32'>>()
  const frozen = new Map<string, Tensor<'f32'>>()

  if (training.kind === 'full') {
    trained = trainedSet(device, keep, all)
    for (const { name, value } of trained.tensors) {
      load(value, name)
      live.set(name, value)
    }
    if (adapter) mergeInto(programs, live, adapter)
    if (reference)
      for (const parameter of all) {
        const copy = keep(device.alloc('f32', parameter.shape))
        copyTensor(programs, live.get(parameter.name)!, copy)
        frozen.set(parameter.name, copy)
      }
  } else {
    for (const parameter of all) live.set(parameter.name, place(parameter))
    if (training.kind === 'none') {
      if (adapter) mergeInto(programs, live, adapter)
    } else {
      const rank = adapter?.rank ?? training.rank
      const alpha = adapter?.alpha ?? training.alpha
      const targets = adaptableParameters(config).filter(({ name, role }) =>
        adapter ? adapter.pairs.has(name) : training.targets.some((target) => target === role),
      )
      const pairs = targets.flatMap(({ name, shape: [out = 0, inputs = 0] }) => [
        { name: pairNames(name).a, shape: [rank, inputs] },
        { name: pairNames(name).b, shape: [out, rank] },
      ])
      trained = trainedSet(device, keep, pairs)
      const { byName } = trained
      const pairOf = (weight: string): LowRankTensors | undefined => {
        const names = pairNames(weight)
        const [a, b] = [byName.get(names.a), byName.get(names.b)]
        return a && b && { a, b }
      }
      targets.forEach(({ name }, index) => {
        const { a, b } = pairOf(name)!
        const start = adapter?.pairs.get(name)
        device.upload(a.value, floats(start?.a ?? initialA(a.shape, training.seed, index)))
        if (start) device.upload(b.value, floats(start.b))
      })
      for (const { name, shape } of targets) {
        frozen.set(name, live.get(name)!)
        live.set(name, keep(device.alloc('f32', shape)))
      }
      lowRank = { rank, alpha, scale: adapter?.scale ?? alpha / rank, pair: pairOf }
    }
  }

  const mergeAll = () => {
    if (!lowRank) return
    const { rank, scale } = lowRank
    for (const [name, base] of frozen) {
      const { a, b } = lowRank.pair(name)!
      mergeOne(programs, { base, a: a.value, b: b.value, merged: live.get(name)!, rank, scale })
    }
  }
  mergeAll()
  const found = new Map<string, Tensor<'f32'>>()
  if (lowRank && adapter && reference)
    for (const name of frozen.keys()) {
      const copy = keep(device.alloc('f32', live.get(name)!.shape))
      copyTensor(programs, live.get(name)!, copy)
      found.set(name, copy)
    }

  const named = (role: Role, layer?: number) =>
    tensorName(config, role === 'head' && config.tied ? 'embed' : role, layer)
  const find = (tensors: ReadonlyMap<string, Tensor<'f32'>>, name: string) => {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new Error(`no weight ${name} on the device`)
    return tensor
  }
  return {
    weight: (role, layer) => find(live, named(role, layer)),
    reference: (role, layer) => {
      const name = named(role, layer)
      if (training.kind === 'full' && !reference) throw new Error('the policy keeps no reference weights')
      return found.get(name) ?? frozen.get(name) ?? find(live, name)
    },
    trained,
    adapter: lowRank,
    merge: mergeAll,
    free: () => own.forEach((tensor) => device.free(tensor)),
  }
}

/** The accumulated gradient of a trained weight; throws where it is not trained. */
export function gradientOf(parameters: Parameters, config: ModelConfig, role: Role, layer?: number): Tensor<'f32'> {
  const name = tensorName(config, role === 'head' && config.tied ? 'embed' : role, layer)
  const trained = parameters.trained?.byName.get(name)
  if (trained === undefined) throw new Error(`${name} is not trained`)
  return trained.gradient
}

function trainedSet(
  device: Device,
  keep: <T extends Tensor>(tensor: T) => T,
  parameters: readonly { name: string; shape: Shape }[],
): TrainedSet {
  const total = parameters.reduce((sum, { shape }) => sum + elements(shape), 0)
  const flat = () => keep(device.alloc('f32', [total]))
  const [value, gradient, moment1, moment2] = [flat(), flat(), flat(), flat()]
  let offset = 0
  const tensors = parameters.map(({ name, shape }): Trained => {
    const start = offset
    offset += elements(shape)
    return {
      name,
      shape,
      offset: start,
      value: device.view(value, shape, start),
      gradient: device.view(gradient, shape, start),
    }
  })
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  return { tensors, byName, value, gradient, moment1, moment2 }
}

function mergeInto(programs: Programs, live: ReadonlyMap<string, Tensor<'f32'>>, adapter: Adapter): void {
  const { device } = programs
  for (const [name, { a, b }] of adapter.pairs) {
    const weight = live.get(name)!
    const [out = 0, inputs = 0] = weight.shape
    const left = device.alloc('f32', [adapter.rank, inputs])
    const right = device.alloc('f32', [out, adapter.rank])
    device.upload(left, floats(a))
    device.upload(right, floats(b))
    mergeOne(programs, { base: weight, a: left, b: right, merged: weight, rank: adapter.rank, scale: adapter.scale })
    device.free(left)
    device.free(right)
  }
}

function mergeOne(
  programs: Programs,
  parts: { base: Tensor; a: Tensor; b: Tensor; merged: Tensor; rank: number; scale: number },
): void {
  const { base, a, b, merged, rank, scale } = parts
  const [out = 0, inputs = 0] = base.shape
  const key = `merge ${out} ${inputs} ${rank} ${scale}`
  programs.run(key, () => merge(out, inputs, rank, scale), { weight: base, a, b }, { merged })
}

/** A starts uniform in ±1/√in (Kaiming with a = √5), B at zero: the adapted model is the model at first. */
function initialA(shape: Shape, seed: number, index: number): Float32Array {
  const [rank = 0, inputs = 0] = shape
  const bound = 1 / Math.sqrt(inputs)
  return Float32Array.from({ length: rank * inputs }, (_, i) => (2 * uniform(seed, index, i) - 1) * bound)
}

/** The same elements over memory of their own kind. */
function floats(values: Float32Array): Float32Array<ArrayBuffer> {
  return values.buffer instanceof ArrayBuffer ? (values as Float32Array<ArrayBuffer>) : new Float32Array(values)
}
