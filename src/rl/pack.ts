// Micro-batches: what goes through the engine together.
import { microBatches, samplesAtOnce, sharesMuch } from '../gpu/policy/batch.ts'
import { leavesAtOnce } from '../gpu/policy/forest.ts'
import type { Awaitable, Group, Trainable } from '../gpu/policy/policy.ts'
import type { Rollout, Sampled } from './record.ts'

/** What goes through together, each item with its ids. */
export interface Pack<Item> {
  items: Item[]
  groups: Group[]
}

/** What packs are made for: the lengths that its passes pad to, and the devices among which they are divided. */
export type Carrier = Pick<Trainable, 'lengths' | 'devices'>

/** Packs of as many completions each and of at most about `limit` tokens with padding; where there are several devices, smaller ones if one would go without. */
export function pack<Item>(
  items: readonly Item[],
  groupOf: (item: Item) => Group,
  limit: number,
  { lengths, devices }: Carrier,
): Pack<Item>[] {
  const groups = items.map(groupOf)
  return microBatches(groups, shareOf(groups, limit, devices), lengths).map((batch) => ({
    items: batch.map((i) => items[i]!),
    groups: batch.map((i) => groups[i]!),
  }))
}

/**
 * Rollouts in packs of at most about `limit` tokens. Completions share their prompt in the engine; where they begin alike beyond it,
 * or with another prompt that begins as it does, they are a tree, and what they share goes through once.
 */
export function packRollouts<C extends Sampled>(
  rollouts: readonly Rollout<C>[],
  most: number,
  carrier: Carrier,
): Pack<Rollout<C>>[] {
  const { lengths } = carrier
  const limit = shareOf(rollouts.map(idsOf), most, carrier.devices)
  const trees: Tree<C>[] = []
  const groups: Rollout<C>[] = []
  for (const rollout of rollouts) {
    const prompts = byPrompt(rollout)
    if (sharesMuch(prompts.map(idsOf), lengths)) trees.push(...cutTree(prompts, limit))
    else groups.push(...prompts.flatMap((each) => cutGroup(each, limit)))
  }
  return [...packTrees(trees, limit), ...pack(groups, idsOf, limit, carrier)]
}

/** The limit, or less where that is more than a device's share of all tokens. */
function shareOf(groups: readonly Group[], limit: number, devices = 1): number {
  if (devices === 1) return limit
  const tokens = groups.reduce(
    (sum, { prompt, completions }) => completions.reduce((all, { length }) => all + length, sum + prompt.length),
    0,
  )
  return Math.min(limit, Math.ceil(tokens / devices))
}

/** Completions of one prompt each: a completion may have another one than its rollout. */
function byPrompt<C extends Sampled>({ prompt, completions }: Rollout<C>): Rollout<C>[] {
  if (completions.every((each) => each.promptIds === undefined)) return [{ prompt, completions }]
  const groups = Map.groupBy(completions, (each) => (each.promptIds ?? prompt.ids).join())
  return [...groups.values()].map((group) => ({
    prompt: { ...prompt, ids: group[0]!.promptIds ?? prompt.ids },
    completions: group,
  }))
}

/** Completions that are too many for a pass are rollouts of their own. */
function cutGroup<C extends Sampled>({ prompt, completions }: Rollout<C>, limit: number): Rollout<C>[] {
  const atOnce = samplesAtOnce(idsOf({ prompt, completions }), limit)
  const cuts = Array.from({ length: Math.ceil(completions.length / atOnce) }, (_, i) => i * atOnce)
  return cuts.map((start) => ({ prompt, completions: completions.slice(start, start + atOnce) }))
}

interface Tree<C extends Sampled> {
  rollouts: Rollout<C>[]
  rows: number
}

function cutTree<C extends Sampled>(prompts: readonly Rollout<C>[], limit: number): Tree<C>[] {
  return leavesAtOnce(prompts.map(idsOf), limit).map(({ leaves, rows }) => {
    const byGroup = Map.groupBy(leaves, ({ group }) => group)
    const rollouts = [...byGroup].map(([group, some]) => {
      const { prompt, completions } = prompts[group]!
      return { prompt, completions: some.map(({ sample }) => completions[sample]!) }
    })
    return { rollouts, rows }
  })
}

function packTrees<C extends Sampled>(trees: readonly Tree<C>[], limit: number): Pack<Rollout<C>>[] {
  const packs: Tree<C>[] = []
  for (const { rollouts, rows } of trees) {
    const last = packs.at(-1)
    if (last && last.rows + rows <= limit) {
      last.rollouts.push(...rollouts)
      last.rows += rows
    } else packs.push({ rollouts: [...rollouts], rows })
  }
  return packs.map(({ rollouts }) => ({ items: rollouts, groups: rollouts.map(idsOf) }))
}

/** A rollout as the engine sees it. */
export function idsOf({ prompt, completions }: Rollout): Group {
  return { prompt: prompt.ids, completions: completions.map(({ ids }) => ids) }
}

/** Run every pack in order, as many at a time as there are devices; between them signals and timers are heard. */
export async function eachPack<Item>(
  packs: readonly Pack<Item>[],
  { devices = 1 }: Pick<Carrier, 'devices'>,
  run: (pack: Pack<Item>) => Awaitable<void>,
): Promise<void> {
  for (let next = 0; next < packs.length; next += devices) {
    await Promise.all(packs.slice(next, next + devices).map(run))
    await breathe()
  }
}

/** Let signals and timers be heard between passes of the engine. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
