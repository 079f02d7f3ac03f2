// How many seeds of a study can be worked on at once.
import { coresAllowed, memoryAllowed } from '../../gpu/device/crowd.ts'
import { divert } from '../../out.ts'
import { planOf } from '../plan/plan.ts'
import { kinds } from '../train/kinds.ts'
import { settingsOf } from './settings.ts'
import { ofSeed, type Study } from './study.ts'

/**
 * As many as there are cores for, each stage having its `threads`, and as the machine's memory has room for. A stage that takes all
 * cores, or a GPU, leaves nothing to others.
 */
export async function roomFor(
  study: Study,
  seeds: readonly number[],
  { cores = coresAllowed(), room = memoryAllowed() }: { cores?: number; room?: number } = {},
): Promise<number> {
  const [seed] = seeds
  if (seed === undefined || seeds.length === 1) return 1
  const own = ofSeed(study, seed)
  const first = [...own.arms.values()].flatMap(([stage]) => stage ?? [])
  let most = seeds.length
  for (const { kind, settings } of first) {
    const row = kinds[kind]
    if (row === undefined) continue
    const asked = settingsOf(own, row, settings, { model: own.model, output: '', seed })
    const { threads } = asked.value
    most = Math.min(most, Math.floor(cores / (threads ?? cores)))
    if (most < 2) return 1
    const { device, memory } = await quietly(() => planOf(kind, asked))
    most = device === 'cpu' ? Math.min(most, Math.floor(room / memory.total)) : 1
  }
  return Math.max(1, most)
}

/** What is warned of here is warned of again where it is done. */
async function quietly<Value>(work: () => Promise<Value>): Promise<Value> {
  const undo = divert((_, block) => block.length)
  try {
    return await work()
  } finally {
    undo()
  }
}
