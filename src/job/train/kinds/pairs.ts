// What kinds have in common that learn from pairs.
import { tokensOf } from '../../../rl/pair.ts'
import { readPairs } from '../pairs.ts'
import { planBatches } from './supervised.ts'

export const ofPairs = {
  items: 'pairs',
  room: 'raise --max-length where the model allows it',
  read: readPairs,
  tokensOf,
  plan: planBatches,
  reward: () => undefined,
  needsReference: () => false,
}
