// What a run needs of the machine, and what of it there is no room for.
import { mean } from '../../eval/statistics.ts'
import type { Device } from '../../gpu/device/device.ts'
import { padded } from '../../gpu/device/portions.ts'
import { standardBudget } from '../../gpu/policy/lanes.ts'
import { type Memory, memoryOf } from '../../gpu/policy/memory.ts'
import { complain } from '../../out.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { trainingOf } from '../open.ts'
import type { Prepared } from './prepare.ts'

/** What a step takes of items as long as these, and evaluation of what is held out; the memory of each process. */
export function sizesOf(
  { kind, language, items, answers }: Pick<Prepared, 'kind' | 'language' | 'items' | 'answers'>,
  recipe: CommonRecipe,
  { portions, precision }: Pick<Device, 'portions' | 'precision'>,
) {
  const tokens = spread(items.map((item) => kind.tokensOf(item)))
  const step = kind.plan(recipe, { count: items.length, maxTokens: tokens.max })
  const net = { config: language.config, precision, portions }
  const asked = (answers?.heldOut ?? []).flatMap(({ prompts }) => prompts)
  const written = recipe.maxCompletionLength ?? 0
  const answered = asked.reduce((sum, { ids }) => sum + ids.length + written, 0)
  const sampled = step.elsewhere ? 0 : step.completionsPerStep
  const prompts = [...(sampled > 0 ? [tokens.max] : []), ...asked.map(({ ids }) => ids.length)]
  const load = {
    ...step,
    micro: padded(step.micro, portions.lengths),
    training: trainingOf(recipe),
    reference: kind.needsReference(recipe),
    critic: kind.critic?.(recipe) !== undefined,
    longest: { prompt: prompts.reduce((most, length) => Math.max(most, length), 0), written },
    rows: Math.ceil(Math.max(sampled, asked.length) / recipe.processes),
    cached: Math.max(step.elsewhere ? 0 : step.cached, Math.min(answered, standardBudget(net))),
  }
  return { tokens, step, memory: memoryOf(net, load) }
}

/** Warn of a run that will not fit. */
export function warnOfMemory(ready: Prepared, recipe: CommonRecipe, device: Device): void {
  const what = lacking(sizesOf(ready, recipe, device).memory, device, recipe.processes)
  if (what !== undefined) complain(`warning: the run does not fit into memory: ${what}`)
}

/**
 * The first part of the memory with which all up to it is more than there is. The program itself lies in the machine's; that is
 * shared by processes, each of which has a GPU of its own.
 */
export function lacking(
  { total: _, runtime, ...parts }: Memory,
  { name, memory }: Pick<Device, 'name' | 'memory'>,
  processes = 1,
): string | undefined {
  const [own, owner, times] = name === 'cpu' ? [{ ...parts, runtime }, 'the machine', processes] : [parts, name, 1]
  let sum = 0
  for (const [part, bytes] of Object.entries(own)) {
    sum += times * bytes
    if (sum > memory) return `${part}: with them ${size(sum)} are needed, ${owner} has ${size(memory)}`
  }
  return undefined
}

function spread(lengths: readonly number[]): { mean: number; max: number } {
  return { mean: mean(lengths), max: lengths.reduce((most, length) => Math.max(most, length), 0) }
}

export function size(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
