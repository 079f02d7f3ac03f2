// Attacks a reward: feeds it hostile completions and reports holes, throws, and where it and the parsers disagree.
import { callFormats, findFormat, type FormatName } from '../dialogue/call.ts'
import type { CallFormat } from '../dialogue/call/format.ts'
import type { Diagnostic, DiagnosticWriter, Severity } from '../shell/diag.ts'
import { EXIT, HoneError, type ExitCode } from '../error.ts'
import { exactMatch } from '../eval/match.ts'
import { flush, log } from '../out.ts'
import type { Mode, Verdict } from '../reward/reward.ts'
import { isOwnReward, openCommandScorer, openScorer, rewardFormat, type Scorer } from '../reward/scorer.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { hostileCompletions, rightCompletion, TOOLS, type Hostile } from './hostile.ts'
import { rewardRules } from './reward-rules.ts'

/** What the reward under attack made of a completion. */
interface Trial extends Hostile {
  verdict: Verdict
  again: Verdict
  milliseconds: number
  /** The score of the right answer. */
  best: number
}

/** The row that every completion answers. */
const row = { tools: TOOLS.map((tool) => ({ ...tool })) }

/** A reward under attack: a name or a file, or the command of a program. */
export type Attacked = { spec: string; mode: Mode } | { command: string }

/** Findings on `writer`; 1 where one is denied. @throws HoneError where the reward pays nothing for right answers. */
export async function lintReward(
  attacked: Attacked,
  writer: DiagnosticWriter,
  isDenied: (severity: Severity) => boolean,
): Promise<ExitCode> {
  const isProgram = 'command' in attacked
  const spec = isProgram ? attacked.command : attacked.spec
  const scorer = isProgram ? openCommandScorer(spec) : openScorer(spec, { mode: attacked.mode })
  const isOwn = isProgram || isOwnReward(spec)
  const strict = isOwn || attacked.mode === 'strict' ? undefined : openScorer(spec, { mode: 'strict' })
  try {
    const format = await formatOf(scorer, isOwn ? undefined : rewardFormat(spec))
    const trials = await tryAll(scorer, format)
    const found = trials.flatMap((trial) => judge(trial).map(([code, message]) => diagnostic(spec, code, message)))
    for (const trial of trials)
      found.push(...disagreements(trial, format).map((message) => diagnostic(spec, 'HN907', message)))
    if (strict) {
      for (const trial of trials) {
        const [verdict] = await strict.score([{ completion: trial.text, truth: trial.truth, row }])
        if (verdict && verdict.score !== trial.verdict.score)
          found.push(
            diagnostic(
              spec,
              'HN908',
              `${trial.what}: ${trial.verdict.score} by the code, ${verdict.score} by the paper`,
            ),
          )
      }
    }
    const sorted = found.toSorted((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
    for (const each of sorted) writer.write(each)
    writer.end(rewardRules)
    flush()
    log(`${spec}: ${trials.length} completions tried, ${sorted.length} finding${sorted.length === 1 ? '' : 's'}`)
    return sorted.some(({ severity }) => isDenied(severity)) ? EXIT.no : EXIT.ok
  } finally {
    scorer.close()
    strict?.close()
  }
}

/** The format that the reward reads; of one that names none, the format in which right answers earn most. */
async function formatOf(scorer: Scorer, named: FormatName | undefined): Promise<CallFormat> {
  const formats: CallFormat[] = named === undefined ? Object.values(callFormats) : [findFormat(named)]
  const truth = hostileCompletions(formats[0]!)[0]!.truth
  const samples = formats.map((format) => ({ completion: rightCompletion(format, truth), truth, row }))
  const verdicts = await scorer.score(samples)
  const best = Math.max(...verdicts.map(({ score }) => score))
  if (best > 0) return formats[verdicts.findIndex(({ score }) => score === best)]!
  throw new HoneError('Cannot attack the reward: no right answer earns anything', {
    at: scorer.name,
    hint: verdicts[0]!.reasons[0] ?? `right answers were written in ${named ?? 'every call format'}, with thinking`,
  })
}

async function tryAll(scorer: Scorer, format: CallFormat): Promise<Trial[]> {
  const bests = new Map<readonly ToolCall[], number>()
  const trials: Trial[] = []
  for (const hostile of hostileCompletions(format)) {
    const { text: completion, truth } = hostile
    if (!bests.has(truth)) {
      const [right] = await scorer.score([{ completion: rightCompletion(format, truth), truth, row }])
      bests.set(truth, right!.score)
    }
    const start = performance.now()
    const [verdict] = await scorer.score([{ completion, truth, row }])
    const milliseconds = performance.now() - start
    const [again] = await scorer.score([{ completion, truth, row }])
    trials.push({ ...hostile, verdict: verdict!, again: again!, milliseconds, best: bests.get(truth)! })
  }
  return trials
}

/** Codes and messages for what the verdict alone shows. */
function judge({ is, what, verdict, again, milliseconds, best }: Trial): [string, string][] {
  const found: [string, string][] = []
  const { score, fault } = verdict
  if (fault !== null) found.push(['HN902', `${what}: ${fault}`])
  if (!Number.isFinite(score)) found.push(['HN903', `${what}: the score is ${score}`])
  if (!Object.is(score, again.score)) found.push(['HN904', `${what}: ${score}, then ${again.score}`])
  if (milliseconds > 1000) found.push(['HN905', `${what}: ${(milliseconds / 1000).toFixed(1)} seconds`])
  if (is === 'wrong' && score > best) found.push(['HN906', `${what}: ${score}, the right answer earns ${best}`])
  else if (is === 'wrong' && score === best) found.push(['HN901', `${what}: earns ${score}, as the right answer does`])
  if (is === 'right' && score < best) found.push(['HN909', `${what}: earns ${score} of ${best}`])
  return found
}

/** Where the reward pays in full and a parser of its format reads other calls. */
function disagreements({ what, text, truth, verdict, best }: Trial, format: CallFormat): string[] {
  if (verdict.score < best || truth.length === 0) return []
  const others = Object.entries(callFormats).filter(([, parser]) => {
    const reads = (completion: string) => exactMatch(parser.parse(completion).calls, truth)
    return reads(rightCompletion(format, truth)) && !reads(text)
  })
  const names = others.map(([name, parser]) => `${name} (${parser.parse(text).calls.length} calls)`)
  return names.length === 0 ? [] : [`${what}: paid in full, other calls are read by ${names.join(', ')}`]
}

function diagnostic(file: string, code: string, message: string): Diagnostic {
  const rule = rewardRules.find((each) => each.code === code)!
  return { code, severity: rule.severity, file, line: 1, column: 1, message, hint: rule.hint }
}
