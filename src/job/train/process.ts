// A further process of a run: it opens a copy of the run's models on a device of its own and does what the first process asks.
import { EXIT } from '../../error.ts'
import { exchangeIn } from '../../gpu/crew/exchange.ts'
import { answer, type Answer, type Call, type Refused, refused } from '../../gpu/crew/link.ts'
import { type Replica, replicaOf } from '../../gpu/crew/replica.ts'
import { openDevice } from '../../gpu/device/open.ts'
import type { DeviceSpec } from '../../gpu/device/spec.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { openTrained, type TrainedOptions } from '../open.ts'

/** The first message that such a process gets. */
export interface Joining {
  recipe: CommonRecipe
  options: TrainedOptions
  device: DeviceSpec
  /** Its place in the exchange, which it inherits. */
  place: number
}

/** The descriptor under which it does. */
const EXCHANGE = 3

/** What it says: that it has opened, or why it could not; then answers. */
export type Said = { opened: true } | { refused: Refused } | { answer: Answer }

/** Wait for what to join, join, and answer until the first process ends. */
export function joinRun(): void {
  process.on('disconnect', () => process.exit(EXIT.ok))
  const say = (said: Said) => void process.send?.(said)
  let replicas: Record<string, Replica> = {}
  process.once('message', async (joining: Joining) => {
    try {
      replicas = await open(joining)
      process.on('message', (calls: Call[]) => answer(replicas, calls, (each) => say({ answer: each })))
      say({ opened: true })
    } catch (error) {
      say({ refused: refused(error) })
    }
  })
}

async function open({ recipe, options, device, place }: Joining): Promise<Record<string, Replica>> {
  const opened = await openDevice(device, { threads: recipe.threads ?? undefined, dtype: recipe.dtype })
  const { policy, critic } = openTrained(recipe, options, opened)
  const shared = exchangeIn(EXCHANGE)
  return {
    policy: replicaOf(policy, shared, place),
    ...(critic && { critic: replicaOf(critic, shared, place) }),
  }
}
