// The order in which data is seen: endless, every epoch a shuffle of its own, addressed by position.
import { shuffle } from '../rng.ts'

/** First part of a random key: no two uses of the seed meet. */
export const KEY = { order: 1, sample: 2, permute: 3, probe: 4, branch: 5 } as const

/** The `count` items at `position` and after, with the epoch that each one stands in. */
export function inOrder<Item>(items: readonly Item[], seed: number, position: number, count: number) {
  const taken: { item: Item; epoch: number }[] = []
  let order: readonly Item[] = []
  for (let place = position, shuffled = -1; place < position + count; place++) {
    const epoch = Math.floor(place / items.length)
    if (epoch !== shuffled) order = shuffle(items, seed, KEY.order, (shuffled = epoch))
    taken.push({ item: order[place % items.length]!, epoch })
  }
  return taken
}
