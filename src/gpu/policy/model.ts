// A model folder opened on a device as a policy: sessions, forward, accumulate, update, save.
import { batchOf, predicting, wholeSequence, type Batch } from './batch.ts'
import type { Device, Tensor } from '../device/device.ts'
import { valuesOf } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { cut, input } from '../graph/graph.ts'
import { normalize } from '../net/block.ts'
import { scaleOf, type Mask } from './law.ts'
import type { Engine } from './engine.ts'
import { backwardGroups, forwardGroups } from './group-pass.ts'
import { logitRows, type Given } from './head-pass.ts'
import { forwardBlocks } from './passes.ts'
import type {
  Forward,
  ForwardOptions,
  Group,
  Pass,
  PassOptions,
  PerToken,
  PerTokenMasks,
  Policy,
  Results,
} from './policy.ts'
import { sessionsOver } from './service.ts'
import { openEngine, type Inspected, type ModelOptions } from './trainable.ts'
import type { Tensors } from '../device/programs.ts'

export interface Model extends Inspected, Pick<Policy, 'open'> {
  pass(groups: readonly Group[], options: PassOptions): Pass
  forward(groups: readonly Group[], options: ForwardOptions): Forward
  accumulate(
    groups: readonly Group[],
    options: ForwardOptions,
    gradient: (forward: Forward) => { logprobs: PerToken; entropies?: PerToken },
  ): void
  /** Logits at every position of a sequence of S tokens, [S·V]. */
  logits(ids: readonly number[]): Float32Array
  /** The embeddings of a sequence of S tokens, the residual stream after each layer, and that after the final norm: [S·D] each. */
  hidden(ids: readonly number[]): { residual: Float32Array[]; final: Float32Array }
}

/** Open the Hugging Face folder `dir` on a device. Throws HoneError for a folder or adapter that hone cannot run. */
export function openModel(device: Device, dir: string, options: ModelOptions = {}): Model {
  const { engine, trainable } = openEngine(device, dir, 'language', options)
  const { config } = engine
  const pass = (groups: readonly Group[], options: PassOptions): Pass => {
    const { entropy = false, likelier = false, reference = false, masks, keep } = options
    const given = (batch: Batch): Given => ({
      tensors: givenOf(engine, batch, scaleOf(options)),
      masks: masks && rowsOfMasks(masks, groups, batch),
    })
    const results = [
      'logprobs',
      ...(entropy ? ['entropies'] : []),
      ...(likelier ? ['likelier'] : []),
      ...(masks ? ['allowed'] : []),
    ]
    const forward = forwardGroups(engine, groups, { given, results, reference, keep })
    return { results: forward.results, backward: (slopes) => backwardGroups(engine, forward, slopes) }
  }
  const sessions = sessionsOver(engine)
  return {
    ...trainable,
    open: sessions.open,
    free() {
      sessions.free()
      trainable.free()
    },
    pass,
    forward: (groups, options) => forwardOf(pass(groups, { ...options, keep: false }).results),
    accumulate(groups, options, gradient) {
      const { results, backward } = pass(groups, { ...options, keep: true })
      backward({ ...gradient(forwardOf(results)) })
    },
    logits(ids) {
      const batch = batchOf([wholeSequence(ids)], engine)
      const rows = logitRows(engine, forwardBlocks(engine, batch, {}), { tensors: givenOf(engine, batch, 1) })
      return rows.subarray(0, ids.length * config.vocabulary)
    },
    hidden(ids) {
      const residuals = forwardBlocks(engine, batchOf([wholeSequence(ids)], engine), { keep: true })
      const own = (tensor: Tensor<Float>) => valuesOf(tensor).slice(0, ids.length * config.hidden)
      const inputs = Array.from({ length: config.layers }, (_, layer) => own(residuals.layer(layer).x))
      return { residual: [...inputs, own(residuals.top)], final: own(normalized(engine, residuals.top)) }
    },
  }
}

/** What a pass of a language head found. */
export const forwardOf = ({ logprobs, entropies, likelier, allowed }: Results): Forward => ({
  logprobs: logprobs!,
  ...(entropies && { entropies }),
  ...(likelier && { likelier }),
  ...(allowed && { allowed }),
})

/** Masks as one for each completion row; padding has none. */
function rowsOfMasks(masks: PerTokenMasks, groups: readonly Group[], batch: Batch): (Mask | undefined)[] {
  const rows = new Array<Mask | undefined>(batch.labels.length).fill(undefined)
  masks.forEach((group, n) =>
    group.forEach((each, g) =>
      // What is given in one completion and written in another is held as where it was written.
      predicting(groups, batch, n, g).forEach((row, t) => (rows[row] = each[t] ?? rows[row])),
    ),
  )
  return rows
}

/** The rows x [T, D] after the final norm. */
function normalized({ config, precision, programs, scratch, parameters }: Engine, x: Tensor<Float>): Tensor<Float> {
  const [T = 0, D = 0] = x.shape
  const y = scratch.take(precision.compute, 'normalized', [T, D])
  const make = () => {
    const inputs = { x: input(precision.compute, [T, D]), weight: input(precision.weights, [D]) }
    return cut(`norm-${T}`, inputs, { y: normalize(inputs.x, inputs.weight, config) })
  }
  programs.run(`norm ${T}`, make, { x, weight: parameters.weight('finalNorm') }, { y })
  return y
}

/** What the language head reads of a batch beside weights. */
function givenOf({ precision, scratch }: Engine, { labels }: Batch, temperature: number): Tensors {
  return {
    labels: scratch.putIds('labels', [labels.length, 1], labels),
    inverseTemperature: scratch.put(precision.compute, 'inverse temperature', [], Float32Array.of(1 / temperature)),
  }
}
