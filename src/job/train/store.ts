// What a run leaves besides its events: a file of rollouts per step, a file of answers per evaluation, checkpoints.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { stepFile } from '../../rundir/run.ts'
import type { Answer, Rollout, Store, Weighted } from '../../rl/record.ts'
import { saveCheckpoint } from './checkpoint.ts'

/** What the loop leaves, in a run directory; `path` leads into it. */
export function storeIn(path: (...parts: string[]) => string, keepCheckpoints: number): Store {
  return {
    rollouts: (step, weighted, dead) => logRollouts(path('rollouts'), step, weighted, dead),
    answers: (step, answers) => logAnswers(path('evals'), step, answers),
    checkpoint: (progress, policy) => saveCheckpoint(path('checkpoints'), { ...progress, policy }, keepCheckpoints),
  }
}

/** Rollouts of a step with rewards and advantages; `dead` groups were replaced and have none. */
function logRollouts(directory: string, step: number, weighted: readonly Weighted[], dead: readonly Rollout[]): void {
  const lines = [
    ...weighted.flatMap((each) => linesOf(each, step, each.advantages, each.live)),
    ...dead.flatMap((each) => linesOf(each, step, undefined, false)),
  ]
  write(directory, step, lines)
}

/** Answers of an evaluation after `step` steps. */
function logAnswers(directory: string, step: number, answers: readonly Answer[]): void {
  const lines = answers.map(({ set, prompt, completion, text, verdict }) => ({
    step,
    set,
    id: prompt.row.id,
    output: text,
    gts: prompt.row.answer,
    ...verdict,
    tokens: completion.ids.length,
    finish: completion.finish,
  }))
  write(directory, step, lines)
}

/** Names of the columns that others have too are verl's: output, gts, score, step. */
function linesOf(
  { prompt, completions, judged, rewards }: Rollout,
  step: number,
  advantages: readonly number[] | undefined,
  live: boolean,
) {
  return completions.map((completion, sample) => ({
    step,
    id: prompt.row.id,
    sample,
    output: judged[sample]!.text,
    gts: prompt.row.answer,
    ...judged[sample]!.verdict,
    reward: rewards[sample]!,
    advantage: advantages?.[sample] ?? null,
    live,
    tokens: completion.ids.length,
    finish: completion.finish,
  }))
}

function write(directory: string, step: number, lines: readonly object[]): void {
  mkdirSync(directory, { recursive: true })
  writeFileAtomic(join(directory, stepFile(step)), lines.map((line) => `${stringify(line)}\n`).join(''))
}

/** Numbers beyond double precision in an expected answer become text: these files are for reading. */
function stringify(line: object): string {
  return JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
