// One way to score for every kind of reward: rows of the table here, a user's in processes of their own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FormatName } from '../dialogue/call.ts'
import { HoneError } from '../error.ts'
import { openModelReward, rewardModel } from './model.ts'
import { resolveReward } from './resolve.ts'
import type { Mode, Reward, Sample, Verdict } from './reward.ts'
import { openProgram, type ProgramOptions } from './program.ts'

export interface Scorer {
  name: string
  /** Verdicts in the order of the samples; what goes wrong in one is its fault. @throws HoneError where a user's reward does not run at all. */
  score(samples: readonly Sample[]): Promise<Verdict[]>
  /** False where it judges a row that does not say what is right. */
  needsTruth?: boolean
  /** One row of a file at a time, where the reward is of the table. */
  inside?: Reward
  /** Ends the processes of a user's reward. */
  close(): void
}

export interface ScorerOptions extends ProgramOptions {
  mode?: Mode
  /** Training step for every sample, over the sample's own. */
  step?: number | undefined
}

/** True for a reward given as a file rather than by name. */
export function isRewardFile(spec: string): boolean {
  return /^(\.{0,2}\/|[A-Za-z]:\\)/.test(spec) || /\.[mc]?[jt]s$/.test(spec)
}

/** True for a reward that is none of the table: a file, or a model. */
export const isOwnReward = (spec: string): boolean => isRewardFile(spec) || rewardModel(spec) !== undefined

/**
 * The scorer of a reward's text: names of the table, a file of the user's, or model: and a folder. @throws HoneError for what does not exist.
 */
export function openScorer(spec: string, { mode = 'compat', step, ...options }: ScorerOptions = {}): Scorer {
  const at = (sample: Sample): Sample => (step === undefined ? sample : { ...sample, step })
  if (spec.endsWith('.py'))
    throw new HoneError('Cannot open the reward: a Python file is a program', {
      at: spec,
      hint: `give it as --reward-cmd 'python3 ${spec}': a line of JSON in, a line with the score out`,
    })
  if (isRewardFile(spec)) {
    if (!existsSync(spec))
      throw new HoneError('Cannot open the reward: there is no such file', {
        at: spec,
        hint: '`hone init reward` writes one to start from',
      })
    const words = [...selfCommand(), 'serve-reward', spec, '--stdio', '--answers-on', '3']
    const program = openProgram({ words, answersOn: 3 }, options)
    return { ...program, name: spec, score: (samples) => program.score(samples.map(at)) }
  }
  const model = rewardModel(spec)
  if (model !== undefined) return { ...openModelReward(model), needsTruth: false }
  const reward = resolveReward(spec, { mode })
  return {
    name: reward.name,
    inside: { ...reward, score: (sample) => reward.score(at(sample)) },
    score: (samples) => Promise.resolve(samples.map((sample) => reward.score(at(sample)))),
    close() {},
  }
}

/** The scorer of a command line that speaks JSONL: a row in, a line {"score": …} or a number out. */
export function openCommandScorer(command: string, { step, ...options }: ScorerOptions = {}): Scorer {
  const program = openProgram({ words: ['sh', '-c', command], answersOn: 1 }, options)
  const at = (sample: Sample): Sample => (step === undefined ? sample : { ...sample, step })
  return { ...program, name: command, score: (samples) => program.score(samples.map(at)) }
}

/** The call format that the reward of this text reads; undefined for a user's own, and where it reads no calls. @throws HoneError */
export function rewardFormat(spec: string): FormatName | undefined {
  return isOwnReward(spec) ? undefined : resolveReward(spec).format
}

/** The words that start this program again. */
export function selfCommand(): string[] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, join(import.meta.dir, '..', 'main.ts')]
}
