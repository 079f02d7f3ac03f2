// Runs a user's reward file inside this process: its default export is asked for one row at a time.
import { HoneError } from '../error.ts'
import type { Json } from '../text/json.ts'
import { loadDefault } from './load.ts'
import { plainRow } from './offered.ts'
import { faulty, type Verdict } from './reward.ts'
import { toVerdict } from './rows.ts'

/** Asks the reward for one row. Never rejects: what goes wrong is the verdict's fault. */
export type Answer = (row: Json) => Promise<Verdict>

const START = '`hone init reward` writes one to start from'

/** The reward in `path`. @throws HoneError at the place in the file where it cannot be loaded, or where it exports no function. */
export async function loadReward(path: string): Promise<Answer> {
  const reward = await loadDefault(path, 'reward', START)
  if (typeof reward !== 'function') {
    throw new HoneError('Cannot load the reward: it has no default export that is a function', {
      at: path,
      hint: START,
    })
  }
  return async (row) => {
    try {
      return toVerdict(await reward(plainRow(row)))
    } catch (error) {
      return faulty(error)
    }
  }
}
