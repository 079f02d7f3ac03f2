// What lies where in a run directory: no other file spells it.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export type RunPaths = ReturnType<typeof pathsOf>

export function pathsOf(directory: string) {
  return {
    /** What the run was asked to do. */
    record: join(directory, 'run.json'),
    events: join(directory, 'events.ndjson'),
    lock: join(directory, 'lock'),
    /** Folders with a file per step: completions that were trained on, and answers to held-out rows. */
    rollouts: join(directory, 'rollouts'),
    evals: join(directory, 'evals'),
    /** Log-probs of pairs under the reference. */
    reference: join(directory, 'reference.jsonl'),
    checkpoints: join(directory, 'checkpoints'),
    /** The model or adapter that came of it. */
    final: join(directory, 'final'),
  }
}

/** Whether a run was begun in the directory. */
export const isRun = (directory: string): boolean => existsSync(pathsOf(directory).record)

/** Name of what belongs to one step. Zeros in front: names sort as numbers. */
export const stepName = (step: number): string => `step-${String(step).padStart(9, '0')}`

/** Path of a step's file in a folder of such files. */
export const stepFile = (folder: string, step: number): string => join(folder, `${stepName(step)}.jsonl`)

/** Steps that have a file in the folder, in order. */
export function stepsIn(folder: string): number[] {
  if (!existsSync(folder)) return []
  const steps = readdirSync(folder).flatMap((name) => /^step-(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
  return steps.map(Number).sort((a, b) => a - b)
}
