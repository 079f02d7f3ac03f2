// Rollouts that a run has kept, read back: every line is checked before the run begins, then a step is read when it is due.
import { existsSync, statSync } from 'node:fs'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import type { ModelConfig } from '../../gpu/weights/family.ts'
import { type Prompt, type Replay, type Rollout, type Scored, stops } from '../../rl/record.ts'
import { spansOf } from '../../rl/trained.ts'
import { count } from '../../text/setting.ts'
import { isRun, pathsOf, stepFile, stepsIn } from '../../rundir/paths.ts'
import { parseLine } from '../../text/jsonl.ts'
import { readLines } from '../../text/lines.ts'

export interface ReplayContext {
  /** Prompts that the rollouts may be of. */
  prompts: readonly Prompt[]
  config: Pick<ModelConfig, 'vocabulary' | 'maxPositions'>
  /** An environment or an agent decides what is asked: a row's prompt may be another one then. */
  answered?: boolean
}

const Turn = v.object({
  role: v.picklist(['assistant', 'tool', 'user']),
  from: count(0),
  to: count(0),
  reward: v.exactOptional(v.number()),
})
const Branch = v.object({ from: count(0), at: count(0) })
/** What a line of a file of rollouts must hold, beside what is there for reading. */
export const RolloutLine = v.pipe(
  v.object({
    step: count(),
    id: v.string(),
    sample: count(0),
    prompt_ids: v.array(v.number()),
    output_ids: v.array(v.number()),
    logprobs: v.array(v.number()),
    trained: v.array(v.picklist([0, 1])),
    turns: v.array(Turn),
    stop: v.picklist(stops),
    branch: v.exactOptional(Branch),
    policy_version: v.exactOptional(count(0)),
    output: v.string(),
    score: v.number(),
    parts: v.nullable(v.record(v.string(), v.nullable(v.number()))),
    fault: v.nullable(v.string()),
    notApplicable: v.exactOptional(v.literal(true)),
    reasons: v.array(v.string()),
    reward: v.number(),
    baseline: v.exactOptional(v.number()),
  }),
  v.check(
    ({ output_ids: ids, logprobs, trained }) => ids.length === logprobs.length && ids.length === trained.length,
    'output_ids, logprobs and trained must be of one length',
  ),
)
export type RolloutRow = v.InferOutput<typeof RolloutLine>

/**
 * The rollouts of a file, or of a run's folder `rollouts`.
 * @throws HoneError at `file:line` for a line that holds none, or one of other prompts or of another model.
 */
export async function openReplay(path: string, context: ReplayContext): Promise<Replay> {
  const files = filesOf(path)
  const steps = new Set<number>()
  for await (const { step } of rolloutsOf(files, context)) steps.add(step)
  if (steps.size === 0) throw new HoneError('Cannot replay the rollouts: there are none', { at: path })
  const rest = rolloutsOf(files, context)
  let next = await rest.next()
  return {
    steps: [...steps],
    async take(step) {
      const taken: Kept[] = []
      for (; !next.done && next.value.step <= step; next = await rest.next())
        if (next.value.step === step) taken.push(next.value.rollout)
      return taken
    },
  }
}

/** A rollout as it was kept. */
type Kept = Awaited<ReturnType<Replay['take']>>[number]

/** Limits of a model that are not looked at. */
const ANY = { vocabulary: Infinity, maxPositions: Infinity }

/** The rollouts of a file, up to the first that is none of these prompts: an environment may ask in other words. */
export async function rolledOut(file: string, prompts: readonly Prompt[]): Promise<Rollout[]> {
  const found: Rollout[] = []
  if (!existsSync(file)) return found
  try {
    for await (const { rollout } of rolloutsOf([file], { prompts, config: ANY })) found.push(rollout)
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
  }
  return found
}

function filesOf(path: string): string[] {
  if (path === '-') throw new HoneError('Cannot replay standard input: rollouts are read twice', { at: path })
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  const files = stepsIn(path).map((step) => stepFile(path, step))
  if (files.length > 0) return files
  throw new HoneError('Cannot replay the folder: it holds no step-N.jsonl', {
    at: path,
    hint: isRun(path) ? `give ${pathsOf(path).rollouts}` : 'give the folder rollouts of a run, or one of its files',
  })
}

/** Lines of one prompt, samples 0, 1, 2… in a row, make a rollout. */
async function* rolloutsOf(files: readonly string[], { prompts, config, answered = false }: ReplayContext) {
  const byId = Map.groupBy(prompts, ({ row }) => row.id)
  let current: { step: number; rollout: Kept & { completions: Scored[] } } | undefined
  for (const file of files)
    for await (const { line, text } of readLines(file)) {
      if (text.trim() === '') continue
      const at = `${file}:${line}`
      const read = readLine(text, file, line)
      const prompt = promptOf(read, byId, { at, answered })
      requireFit(read, config, at)
      if (read.sample === 0) {
        if (current) yield current
        if (read.step < (current?.step ?? 0)) throw refusal(`step ${read.step} stands after step ${current!.step}`, at)
        const { baseline } = read
        current = { step: read.step, rollout: { prompt, completions: [], ...(baseline !== undefined && { baseline }) } }
      } else if (
        read.sample !== current?.rollout.completions.length ||
        current.step !== read.step ||
        current.rollout.prompt.row !== prompt.row
      )
        throw refusal(`sample ${read.sample} does not stand after sample ${read.sample - 1} of the same prompt`, at)
      const own = current.rollout.prompt.ids.join() === prompt.ids.join() ? {} : { promptIds: prompt.ids }
      const scored = { ...scoredOf(read), ...own }
      requireBranch(scored, current.rollout.completions, at)
      current.rollout.completions.push(scored)
    }
  if (current) yield current
}

function readLine(text: string, file: string, line: number): RolloutRow {
  const at = `${file}:${line}`
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The exact reader says where; what it accepts beside JSON is no number of ours.
    value = parseLine(text, file, line)
  }
  return readRollout(value, at)
}

/** @throws HoneError for a value that is no rollout */
export function readRollout(value: unknown, at: string): RolloutRow {
  const parsed = v.safeParse(RolloutLine, value)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw refusal([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '), at)
}

/** The row with the line's id and ids: rows may share an id. */
function promptOf(
  { id, prompt_ids: ids }: RolloutRow,
  byId: ReadonlyMap<string, readonly Prompt[]>,
  { at, answered }: { at: string; answered: boolean },
): Prompt {
  const named = byId.get(id) ?? []
  const prompt = named.find((each) => each.ids.length === ids.length && each.ids.every((value, i) => value === ids[i]))
  if (prompt) return prompt
  if (answered && named.length === 1) return { ...named[0]!, ids }
  const reason =
    named.length === 0 ? `no row has the id ${JSON.stringify(id)}` : `row ${JSON.stringify(id)} has another prompt`
  throw refusal(reason, at, 'Data, prompt form and model must be those of the run that wrote the rollouts.')
}

function requireFit(
  { prompt_ids: prompt, output_ids: ids }: RolloutRow,
  config: ReplayContext['config'],
  at: string,
): void {
  const { vocabulary, maxPositions } = config
  const strange = ids.find((id) => !(Number.isSafeInteger(id) && id >= 0 && id < vocabulary))
  if (strange !== undefined) throw refusal(`id ${strange} is not among the model's ${vocabulary}`, at)
  if (prompt.length + ids.length > maxPositions)
    throw refusal(`${prompt.length} + ${ids.length} tokens are more than the model's ${maxPositions} positions`, at)
}

/** A branch has the first ids of a sample that stands before it. */
function requireBranch({ branch, ids }: Scored, before: readonly Scored[], at: string): void {
  if (!branch) return
  const from = before[branch.from]
  if (
    from &&
    branch.at <= Math.min(ids.length, from.ids.length) &&
    ids.slice(0, branch.at).every((id, t) => id === from.ids[t])
  )
    return
  throw refusal(`it does not begin with the first ${branch.at} ids of sample ${branch.from}, as its "branch" says`, at)
}

function scoredOf({
  output_ids: ids,
  logprobs,
  trained,
  turns,
  stop,
  branch,
  output,
  reward,
  ...line
}: RolloutRow): Scored {
  const { score, parts, fault, notApplicable, reasons, policy_version: version } = line
  return {
    ids,
    logprobs: Float32Array.from(logprobs),
    trained: spansOf(trained),
    turns,
    stop,
    ...(branch && { branch }),
    ...(version !== undefined && { version }),
    text: output,
    verdict: { score, parts, fault, ...(notApplicable && { notApplicable }), reasons },
    reward,
  }
}

function refusal(reason: string, at: string, hint?: string): HoneError {
  return new HoneError(`Cannot replay the rollout: ${reason}`, { at, hint })
}
