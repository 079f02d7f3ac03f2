// The weights of a policy on its device: what forward reads, what is frozen for the reference, what is trained.
import { type Adapter, adaptableParameters, pairNames } from '../weights/adapter.ts'
import { copyTensor } from '../device/copy.ts'
import type { Tensor } from '../device/device.ts'
import { setValues } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { cut, input, op } from '../graph/graph.ts'
import type { Precision } from '../device/precision.ts'
import { trainedSet, type Trained, type TrainedSet } from './trained-set.ts'
import {
  isScalarRole,
  parametersOf,
  tensorName,
  type LayerRole,
  type ModelConfig,
  type Parameter,
  type Role,
} from '../weights/family.ts'
import { merge } from '../net/lora.ts'
import { inPacks, packs, packShape, type Pack } from '../net/packs.ts'
import type { Programs } from '../device/programs.ts'
import { uniform } from '../../rng.ts'
import { elements, type Shape } from '../graph/tensor.ts'

/** How a policy is trained. */
export type Training =
  | { kind: 'none' }
  | { kind: 'full' }
  | { kind: 'lora'; rank: number; alpha: number; targets: readonly LayerRole[]; seed: number }

export interface Parameters {
  /** The weight that the policy computes with. */
  weight(role: Role, layer?: number): Tensor<Float>
  /** Weights that lie under each other, as one. */
  packed(pack: Pack, layer: number): Tensor<Float>
  /** The same weight as it was before training; throws where the policy keeps no reference. */
  reference(role: Role, layer?: number): Tensor<Float>
  trained: TrainedSet | undefined
  /** Weights of a reference that moves after the policy, by name; undefined where it stays. */
  moving: ReadonlyMap<string, Tensor<Float>> | undefined
  /** Move them: w₀ ← w₀ + share·(w − w₀). */
  pull(share: number): void
  /** Set with LoRA: the pair of a weight by its name, and the scale of their product. */
  adapter: { rank: number; alpha: number; scale: number; pair(weight: string): LowRankTensors | undefined } | undefined
  /** Bring the weights that graphs read up to date with what is trained. */
  refresh(): void
  free(): void
}

export interface LowRankTensors {
  a: Trained
  b: Trained
}

export interface ParameterOptions {
  precision: Precision
  training: Training
  adapter?: Adapter | undefined
  reference: boolean
  /** The reference is to move after the policy. */
  moving?: boolean
}

export interface ParameterSource {
  config: ModelConfig
  /** A fresh array, whose memory the reader takes. */
  read(name: string): Float32Array<ArrayBuffer>
}

/**
 * Put a model on the programs' device, its weights in the type of `precision`. `adapter` is merged into the weights, or trained on
 * where training is LoRA. `reference` keeps the model as training found it, adapter included; with a new adapter the base weights
 * are that already.
 */
export function loadParameters(
  programs: Programs,
  source: ParameterSource,
  { precision, training, adapter, reference, moving = false }: ParameterOptions,
): Parameters {
  const { device } = programs
  const { config } = source
  const all = inPacks(config).flat()
  const own: Tensor[] = []
  const keep = <T extends Tensor>(tensor: T): T => {
    own.push(tensor)
    return tensor
  }
  /** Room for weights in one block, of which the system can make large pages; those of a pack lie behind its first. */
  const place = (some: readonly { name: string; shape: Shape }[]) => {
    const whole = keep(device.alloc(precision.weights, [some.reduce((sum, { shape }) => sum + elements(shape), 0)]))
    let end = 0
    const places = some.map(({ name, shape }) => {
      const offset = end
      end += elements(shape)
      return { name, offset, value: device.view(whole, shape, offset) }
    })
    return { whole, places, tensors: new Map(places.map(({ name, value }) => [name, value])) }
  }
  const copiesOf = (tensors: ReadonlyMap<string, Tensor<Float>>) => {
    const copies = place([...tensors].map(([name, { shape }]) => ({ name, shape }))).tensors
    for (const [name, from] of tensors) copyTensor(programs, from, copies.get(name)!)
    return copies
  }
  const load = (tensor: Tensor<Float>, name: string) => {
    const values = source.read(name)
    setValues(tensor, values)
    // Given back at once: until some garbage collection the model would be in memory twice.
    values.buffer.transfer(0)
  }

  let trained: TrainedSet | undefined
  let lowRank: Parameters['adapter']
  let refresh = () => {}
  /** What graphs read, and where in its block each begins. */
  let live: Map<string, Tensor<Float>>
  let laid: { whole: Tensor<Float>; places: readonly { name: string; offset: number }[] }
  /** What the reference reads where that is something else. */
  let first = new Map<string, Tensor<Float>>()

  if (training.kind === 'full') {
    const { tensors, value: whole } = (trained = trainedSet(device, keep, all))
    laid = { whole, places: tensors }
    const masters = new Map(tensors.map(({ name, value }) => [name, value]))
    for (const [name, master] of masters) load(master, name)
    if (adapter) mergeInto(programs, masters, adapter)
    if (precision.weights === 'f32') live = masters
    else {
      ;({ tensors: live, ...laid } = place(all))
      refresh = () => {
        for (const [name, master] of masters) copyTensor(programs, master, live.get(name)!)
      }
      refresh()
    }
    if (reference) first = copiesOf(masters)
  } else {
    ;({ tensors: live, ...laid } = place(all))
    for (const { name } of all) load(live.get(name)!, name)
    if (training.kind === 'none') {
      if (adapter) mergeInto(programs, live, adapter)
    } else {
      const rank = adapter?.rank ?? training.rank
      const alpha = adapter?.alpha ?? training.alpha
      const scale = adapter?.scale ?? alpha / rank
      const targets = adapter ? all.filter(({ name }) => adapter.pairs.has(name)) : adapted(config, training)
      const whole = all.filter(({ role }) => isScalarRole(role))
      const { byName } = (trained = trainedSet(device, keep, [...pairsOn(targets, rank), ...whole]))
      const pairOf = (weight: string): LowRankTensors | undefined => {
        const names = pairNames(weight)
        const [a, b] = [byName.get(names.a), byName.get(names.b)]
        return a && b && { a, b }
      }
      targets.forEach(({ name }, index) => {
        const { a, b } = pairOf(name)!
        const start = adapter?.pairs.get(name)
        setValues(a.value, start?.a ?? initialA(a.shape, training.seed, index))
        if (start) setValues(b.value, start.b)
      })
      const masters = whole.map(({ name }) => ({ value: byName.get(name)!.value, read: live.get(name)! }))
      for (const { value, read } of masters) copyTensor(programs, read, value)
      const adapting = () => new Map(targets.map(({ name }) => [name, live.get(name)!]))
      const bases = (first = copiesOf(adapting()))
      refresh = () => {
        for (const { value, read } of masters) copyTensor(programs, value, read)
        for (const [name, base] of bases) {
          const { a, b } = pairOf(name)!
          mergeOne(programs, { base, a: a.value, b: b.value, merged: live.get(name)!, rank, scale })
        }
      }
      refresh()
      if ((adapter || moving) && reference) first = copiesOf(adapting())
      lowRank = { rank, alpha, scale, pair: pairOf }
    }
  }

  const offsets = new Map(laid.places.map(({ name, offset }) => [name, offset]))
  const named = (role: Role, layer?: number) => weightName(config, role, layer)
  const liveOf = (name: string) => {
    const tensor = live.get(name)
    if (tensor === undefined) throw new Error(`no weight ${name} on the device`)
    return tensor
  }
  return {
    weight: (role, layer) => liveOf(named(role, layer)),
    packed(pack, layer) {
      return device.view(laid.whole, packShape(config, pack), offsets.get(named(packs[pack][0], layer))!)
    },
    reference: (role, layer) => {
      const name = named(role, layer)
      if (training.kind === 'full' && !reference) throw new Error('the policy keeps no reference weights')
      return first.get(name) ?? liveOf(name)
    },
    trained,
    moving: moving && reference ? first : undefined,
    pull(share) {
      for (const [name, kept] of first) pullOne(programs, kept, liveOf(name), share)
    },
    adapter: lowRank,
    refresh,
    free: () => own.forEach((tensor) => device.free(tensor)),
  }
}

/** Weights that a new adapter is added to: graphs read them merged, beside the frozen ones. */
export function adapted(config: ModelConfig, training: Training): Parameter[] {
  if (training.kind !== 'lora') return []
  return adaptableParameters(config).filter(({ role }) => training.targets.some((target) => target === role))
}

/** What is trained: all weights, or the pairs of a new adapter and, as PEFT's modules_to_save, a scalar head. */
export function trainedBy(config: ModelConfig, training: Training): { name: string; shape: Shape }[] {
  if (training.kind === 'full') return parametersOf(config)
  if (training.kind === 'none') return []
  return [
    ...pairsOn(adapted(config, training), training.rank),
    ...parametersOf(config).filter(({ role }) => isScalarRole(role)),
  ]
}

const pairsOn = (weights: readonly Parameter[], rank: number) =>
  weights.flatMap(({ name, shape: [out = 0, inputs = 0] }) => [
    { name: pairNames(name).a, shape: [rank, inputs] },
    { name: pairNames(name).b, shape: [out, rank] },
  ])

/** The accumulated gradient of a trained weight; throws where it is not trained. */
export function gradientOf(parameters: Parameters, config: ModelConfig, role: Role, layer?: number): Tensor<'f32'> {
  const trained = parameters.trained?.byName.get(weightName(config, role, layer))
  if (trained === undefined) throw new Error(`${weightName(config, role, layer)} is not trained`)
  return trained.gradient
}

export const isTrained = ({ trained }: Parameters, config: ModelConfig, role: Role): boolean =>
  trained?.byName.has(weightName(config, role)) ?? false

/** Name of the tensor that plays the role: a tied head is the embedding. */
const weightName = (config: ModelConfig, role: Role, layer?: number): string =>
  tensorName(config, role === 'head' && config.tied ? 'embed' : role, layer)

function mergeInto(programs: Programs, weights: ReadonlyMap<string, Tensor<Float>>, adapter: Adapter): void {
  const { device } = programs
  for (const [name, { a, b }] of adapter.pairs) {
    const weight = weights.get(name)!
    const [out = 0, inputs = 0] = weight.shape
    const left = device.alloc('f32', [adapter.rank, inputs])
    const right = device.alloc('f32', [out, adapter.rank])
    setValues(left, a)
    setValues(right, b)
    mergeOne(programs, { base: weight, a: left, b: right, merged: weight, rank: adapter.rank, scale: adapter.scale })
    device.free(left)
    device.free(right)
  }
}

function mergeOne(
  programs: Programs,
  parts: { base: Tensor<Float>; a: Tensor; b: Tensor; merged: Tensor; rank: number; scale: number },
): void {
  const { base, a, b, merged, rank, scale } = parts
  const [out = 0, inputs = 0] = base.shape
  const key = `merge ${base.dtype} ${out} ${inputs} ${rank} ${scale}`
  programs.run(key, () => merge(base.dtype, out, inputs, rank, scale), { weight: base, a, b }, { merged })
}

function pullOne(programs: Programs, kept: Tensor<Float>, live: Tensor<Float>, share: number): void {
  const make = () => {
    const inputs = { kept: input(kept.dtype, kept.shape), live: input(live.dtype, live.shape) }
    const moved = op('Add', [inputs.kept, op('Mul', [op('Sub', [inputs.live, inputs.kept]), share])])
    return cut(`pull-${kept.shape.join('-')}`, inputs, { moved })
  }
  programs.run(`pull ${kept.dtype} ${kept.shape} ${share}`, make, { kept, live }, { moved: kept })
}

/** A starts uniform in ±1/√in (Kaiming with a = √5), B at zero: the adapted model is the model at first. */
function initialA(shape: Shape, seed: number, index: number): Float32Array {
  const [rank = 0, inputs = 0] = shape
  const bound = 1 / Math.sqrt(inputs)
  return Float32Array.from({ length: rank * inputs }, (_, i) => (2 * uniform(seed, index, i) - 1) * bound)
}
