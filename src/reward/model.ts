// A reward model as a reward: the score of its scalar head at the end of the prompt and the completion.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { HoneError } from '../error.ts'
import { loadConfig } from '../gpu/weights/hf.ts'
import { isRun, pathsOf } from '../rundir/paths.ts'
import { readRecord } from '../rundir/run.ts'
import type { Sample, Verdict } from './reward.ts'

const PREFIX = 'model:'

/** The folder or run of a reward that is a model; undefined for other rewards. */
export const rewardModel = (spec: string): string | undefined =>
  spec.startsWith(PREFIX) ? spec.slice(PREFIX.length) : undefined

export const modelSpec = (path: string): string => PREFIX + path

/**
 * Scores by the model in the folder, or by what the run of `hone rm` left, asked in the prompt form that it was trained in.
 * It is opened with the first samples. @throws HoneError for a folder that holds no model with a scalar head.
 */
export function openModelReward(path: string) {
  const run = [path, dirname(path)].find(isRun)
  const folder = isRun(path) ? pathsOf(path).final : path
  if (!existsSync(folder))
    throw new HoneError(
      isRun(path)
        ? `Cannot score with the run in "${path}": it is not finished`
        : 'Cannot open the reward model: there is no such folder',
      { at: folder },
    )
  const { maxPositions } = loadConfig(folder, 'scalar')
  const record = run === undefined ? undefined : readRecord(run)
  // The engine and the tokenizer, most of the program, are read only where there is something to score.
  const open = async () => (await import('./network.ts')).openNetwork(folder, { record, maxPositions })
  let opened: ReturnType<typeof open> | undefined
  return {
    name: modelSpec(path),
    async score(samples: readonly Sample[]): Promise<Verdict[]> {
      if (samples.length === 0) return []
      return (await (opened ??= open())).score(samples)
    },
    close() {
      void opened?.then((network) => network.free())
    },
  }
}
