// Fitting a probe: a direction for every layer on some of the pairs, judged on the others, and the layers that are taken.
import { deviation, mean } from '../../eval/statistics.ts'
import { HoneError } from '../../error.ts'
import type { Model } from '../../gpu/policy/model.ts'
import { status } from '../../out.ts'
import { shuffle } from '../../rng.ts'
import { principalDirection } from './direction.ts'
import type { Pair } from './rows.ts'
import { scoreOf, statesAt, type States } from './states.ts'

/** A layer with its direction, and how well it tells the two texts of pairs apart that it was not fitted on. */
export interface Fitted {
  layer: number
  direction: Float64Array
  /** Share of the held-out pairs whose T+ scores higher. */
  accuracy: number
  /** Mean of their differences in score over its standard deviation. */
  separation: number
}

export interface FitOptions {
  /** Layers that are fitted, by number; undefined = all. */
  layers: readonly number[] | undefined
  positions: readonly number[]
  /** Share of the pairs that directions are fitted on. */
  share: number
  seed: number
}

/** The layers in order, without those where no pair differs. @throws HoneError for too few pairs, and where that is so in all layers */
export function fitDirections(
  model: Pick<Model, 'hidden' | 'config'>,
  pairs: readonly Pair[],
  { layers: wanted, positions, share, seed }: FitOptions,
): Fitted[] {
  const layers = wanted ?? Array.from({ length: model.config.layers + 1 }, (_, layer) => layer)
  const differences = pairs.map(({ positive, negative, at }, i) => {
    status(`pairs ${i + 1}/${pairs.length}`)
    const [high, low] = [positive, negative].map((text) => statesAt(model, text, { layers, positions, at }))
    return difference(high!, low!, layers)
  })
  const [fits, tests] = split(differences, share, seed)
  const fitted = layers.flatMap((layer): Fitted[] => {
    const direction = principalDirection(fits.flatMap((each) => each.get(layer)!))
    if (!direction) return []
    const apart = tests.map((each) => scoreOf(each, [{ layer, direction }]))
    const accuracy = mean(apart.map((value) => Number(value > 0)))
    return [{ layer, direction, accuracy, separation: mean(apart) / deviation(apart) || 0 }]
  })
  if (fitted.length === 0)
    throw new HoneError('Cannot fit a direction: the texts of every pair have the same states', {
      at: pairs[0]!.at,
      hint: 'what differs must stand at or before the positions that are looked at',
    })
  return fitted
}

/** The layer that tells most pairs apart; of equal ones that of greatest `worth`, then of greatest separation. */
export function bestLayer(fitted: readonly Fitted[], worth: (each: Fitted) => number): Fitted {
  const weighed = fitted.map((each) => ({ each, worth: worth(each) }))
  const [best] = weighed.toSorted(
    (a, b) => b.each.accuracy - a.each.accuracy || b.worth - a.worth || b.each.separation - a.each.separation,
  )
  return best!.each
}

function difference(high: States, low: States, layers: readonly number[]): Map<number, Float64Array[]> {
  const of = (layer: number) =>
    high.get(layer)!.map((state, k) => Float64Array.from(state, (value, i) => value - low.get(layer)![k]![i]!))
  return new Map(layers.map((layer) => [layer, of(layer)]))
}

/** A share to fit on and the others to judge by, drawn by the seed; both in their order. @throws HoneError where one would be empty */
export function split<Item>(items: readonly Item[], share: number, seed: number): [Item[], Item[]] {
  const count = Math.round(share * items.length)
  if (count < 1 || count >= items.length)
    throw new HoneError(
      `Cannot split ${items.length} rows: ${count} would be fitted on and ${items.length - count} judged by`,
      {
        hint: 'give more rows, or another --share',
      },
    )
  const chosen = new Set(shuffle([...items.keys()], seed).slice(0, count))
  return [items.filter((_, i) => chosen.has(i)), items.filter((_, i) => !chosen.has(i))]
}
