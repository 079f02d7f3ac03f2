// What a run leaves besides its events: a file of rollouts per step, a file of answers per evaluation, checkpoints.
import { mkdirSync } from 'node:fs'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { type RunPaths, stepFile } from '../../rundir/paths.ts'
import type { Answer, Judged, Judgement, Prompt, Sampled, Scored, Store, Weighted } from '../../rl/record.ts'
import { flagsOf } from '../../rl/trained.ts'
import { decimalsOf, Float } from '../../text/json.ts'
import { type Checkpoint, saveCheckpoint } from './checkpoint.ts'
import { rolledOut } from './replay.ts'
import { readReference, writeReference } from './reference.ts'

/** What the loop leaves, in a run directory; checkpoints with the id of the run and the hashes of what it is made from. */
export function storeIn(
  paths: RunPaths,
  { keepCheckpoints, ...of }: { keepCheckpoints: number } & Pick<Checkpoint, 'run' | 'made'>,
): Store {
  return {
    rollouts: (...rolledOut) => logRollouts(paths.rollouts, ...rolledOut),
    rolledOut: async (step, prompts) => await rolledOut(stepFile(paths.rollouts, step), prompts),
    answers: (step, answers) => logAnswers(paths.evals, step, answers),
    checkpoint: (progress, policy, critic, kept) =>
      saveCheckpoint(
        paths.checkpoints,
        { ...progress, ...of, policy, ...(critic && { critic }) },
        keepCheckpoints,
        kept,
      ),
    reference: (pairs, needed) => readReference(paths.reference, pairs, needed),
    keepReference: (pairs, references) => writeReference(paths.reference, pairs, references),
  }
}

/** Rollouts of a step with rewards and advantages; `dead` ones were replaced and have none. */
function logRollouts(
  directory: string,
  step: number,
  weighted: readonly Judged<Weighted>[],
  dead: readonly Judged[],
  entropies: ReadonlyMap<Weighted, Float32Array>,
): void {
  const learnt = (each: Weighted) => ({
    advantage: each.advantage,
    ...(each.reference && { reference_logprobs: decimalsOf(Float32Array.from(each.reference)) }),
    ...(entropies.has(each) && { entropies: decimalsOf(entropies.get(each)!) }),
  })
  const lines = [
    ...weighted.flatMap((each) => linesOf(each, step, learnt)),
    ...dead.flatMap((each) => linesOf(each, step, () => ({ advantage: null }))),
  ]
  write(directory, step, lines)
}

function linesOf<C extends Scored>(
  { prompt, completions, live, baseline }: Judged<C>,
  step: number,
  learnt: (completion: C) => { advantage: number | null },
) {
  return completions.map((each, sample) => ({
    step,
    id: prompt.row.id,
    sample,
    // A group is asked once.
    ...(sample === 0 && questionOf(prompt)),
    ...columnsOf(each, prompt),
    reward: each.reward,
    ...learnt(each),
    live,
    ...(baseline !== undefined && { baseline }),
  }))
}

/** Answers of an evaluation after `step` steps. */
function logAnswers(directory: string, step: number, answers: readonly Answer[]): void {
  const lines = answers.map(({ set, prompt, exact, ...answer }) => ({
    step,
    set,
    id: prompt.row.id,
    ...questionOf(prompt),
    ...columnsOf(answer, prompt),
    exact,
  }))
  write(directory, step, lines)
}

/** What was asked, for those who read it. */
const questionOf = ({ row, messages = row.messages, tools = row.tools }: Prompt) => ({ messages, tools })

/** Everything that the next stage needs of a completion. Names that others have too are verl's: output, gts, score, step. */
function columnsOf(completion: Sampled & Judgement, { ids, row }: Prompt) {
  return {
    prompt_ids: completion.promptIds ?? ids,
    output_ids: completion.ids,
    logprobs: decimalsOf(completion.logprobs),
    trained: flagsOf(completion),
    turns: completion.turns,
    stop: completion.stop,
    ...(completion.version !== undefined && { policy_version: completion.version }),
    ...(completion.branch && { branch: completion.branch }),
    output: completion.text,
    gts: row.answer,
    ...completion.verdict,
  }
}

function write(directory: string, step: number, lines: readonly object[]): void {
  mkdirSync(directory, { recursive: true })
  writeFileAtomic(stepFile(directory, step), lines.map((line) => `${stringify(line)}\n`).join(''))
}

/** Numbers beyond double precision in an expected answer become text: these columns are for reading. */
function stringify(line: object): string {
  return JSON.stringify(line, (_, value: unknown) => {
    if (value instanceof Float) return value.value
    return typeof value === 'bigint' ? value.toString() : value
  })
}
