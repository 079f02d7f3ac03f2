// The flags of `hone lint` checked and put to work: choose rules, lint files, write findings, mend, watch.
import { watch } from 'node:fs'
import { loadTokenizer } from '../../dialogue/chat.ts'
import { diagnosticFormat, isAtLeast, type Severity } from '../../shell/diag.ts'
import { next, type Step } from '../../shell/next.ts'
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { data, flush, log, outliveReader } from '../../out.ts'
import { promptForm, promptIds } from '../../dialogue/prompt.ts'
import { openCommandScorer, openScorer, type Scorer } from '../../reward/scorer.ts'
import { acrossOf } from '../../lint/across.ts'
import { openAgainst } from '../../lint/against.ts'
import { Baseline } from '../../lint/baseline.ts'
import { checkerOf } from '../../lint/check.ts'
import { holdsRows, lintFile } from '../../lint/file.ts'
import { fixFile } from '../../lint/fix.ts'
import { judgeOf } from '../../lint/judge.ts'
import { requireApart } from '../apart.ts'
import { fanOut, ownPart } from '../fan-out.ts'
import type { LintFlags } from './flags.ts'
import { lintPart, takePart } from './parts.ts'
import { recogniseFile, type Recognised } from '../../lint/pieces.ts'
import type { Placed } from '../../lint/place.ts'
import type { LintContext, Rule } from '../../lint/rule.ts'
import { isCompressed } from '../../text/chunks.ts'
import { chooseRules, rules as allRules } from '../../lint/rules.ts'
import { modelFolder } from '../model-folder.ts'

/** The exit code: 1 where something was found (or, with --diff, would change). @throws HoneError for wrong flags and unreadable files. */
export async function lintCommand(flags: LintFlags): Promise<ExitCode> {
  outliveReader()
  const { reward, rewardCmd, mode } = flags
  if (flags.files.length === 0 && (reward !== undefined || rewardCmd !== undefined)) {
    const { lintReward } = await import('../../lint/reward.ts')
    const attacked = rewardCmd === undefined ? { spec: reward ?? '', mode } : { command: rewardCmd }
    const isDenied = (severity: Severity) => !flags.exitZero && isAtLeast(severity, flags.deny ?? 'warning')
    return await lintReward(attacked, diagnosticFormat(flags.format, process.env).open(), isDenied)
  }
  if (flags.files.length === 0)
    throw new HoneError('No input file was given', { hint: 'usage: hone lint FILES… or hone lint --reward REWARD' })
  requireApart({ '--write-baseline': flags.writeBaseline }, flags.files)
  const rules = chooseRules(flags.select, flags.ignore)
  const scorer =
    rewardCmd !== undefined
      ? openCommandScorer(rewardCmd)
      : reward === undefined
        ? undefined
        : openScorer(reward, { mode })
  try {
    const context = await contextOf(flags, scorer)
    const part = ownPart(process.env)
    if (part) {
      await lintPart(part, rules, context)
      return EXIT.ok
    }
    const changed = flags.fix || flags.diff ? await fixAll(flags, rules, context) : 0
    if (flags.diff) return changed > 0 && !flags.exitZero ? EXIT.no : EXIT.ok
    if (flags.watch) return await watchAll(flags, rules, context)
    const denied = await lintAll(flags, rules, context)
    return denied > 0 && !flags.exitZero ? EXIT.no : EXIT.ok
  } finally {
    scorer?.close()
  }
}

async function contextOf(flags: LintFlags, scorer: Scorer | undefined): Promise<LintContext> {
  const { maxTokens: limit } = flags
  if ((limit === undefined) !== (flags.tokenizer === undefined))
    throw new HoneError('--max-tokens N and --tokenizer DIR belong together')
  const tokenizer = flags.tokenizer === undefined ? undefined : await loadTokenizer(modelFolder(flags.tokenizer).model)
  const form = promptForm(flags.prompt)
  return {
    reward: scorer && (await judgeOf(scorer)),
    length:
      tokenizer && limit !== undefined ? { limit, count: (row) => promptIds(form, row, tokenizer).length } : undefined,
    against: flags.against === undefined ? undefined : await openAgainst(flags.against),
  }
}

/** Findings of all files on stdout; the number of those that are denied. */
async function lintAll(flags: LintFlags, rules: readonly Rule[], context: LintContext): Promise<number> {
  const known = flags.baseline === undefined ? undefined : await Baseline.read(flags.baseline)
  const fresh = flags.writeBaseline === undefined ? undefined : new Baseline()
  const counts = new Map<string, number>()
  let mendable = 0
  const writer = flags.statistics || fresh ? undefined : diagnosticFormat(flags.format, process.env).open()
  let [total, denied] = [0, 0]
  const emit = ({ diagnostic: found, text, at, mendable: mends }: Placed) => {
    const diagnostic = found.file === '-' ? { ...found, file: flags.stdinFilename ?? '-' } : found
    fresh?.add(diagnostic, text)
    if (known?.take(diagnostic, text)) return
    total++
    if (isAtLeast(diagnostic.severity, flags.deny ?? 'info')) denied++
    if (mends) mendable++
    counts.set(diagnostic.code, (counts.get(diagnostic.code) ?? 0) + 1)
    writer?.write(diagnostic, { text, at })
  }
  let foreign: string | undefined
  for (const path of flags.files) {
    const recognised = await lintOne(path, flags, rules, context, emit)
    if (!holdsRows(recognised) && recognised.container !== 'parquet') foreign ??= path
  }
  if (flags.statistics) statistics(counts, flags.format)
  writer?.end(allRules)
  flush()
  if (fresh) {
    fresh.write(flags.writeBaseline!)
    log(`${total} findings are now known; hone lint --baseline ${flags.writeBaseline} shows new ones alone`)
    return 0
  }
  log(
    total === 0
      ? 'no findings'
      : `${total} finding${total === 1 ? '' : 's'}${mendable > 0 ? `, of which --fix may mend ${mendable}` : ''}`,
  )
  if (flags.watch) return denied
  const [[code] = []] = [...counts].toSorted((a, b) => b[1] - a[1])
  if (code === undefined)
    next(
      foreign === undefined
        ? [['train', '--model', 'DIR', '--data', ...flags.files, '--output', 'RUN'], 'train on them']
        : [['prep', foreign, '-o', 'rows.jsonl'], 'make rows of it that a model can be trained on'],
    )
  else
    next(
      [['explain', code], 'what the commonest finding means, and what a good row looks like'],
      ...(mendable > 0 ? [[['lint', ...flags.files, '--fix'], 'mend what needs no choice'] satisfies Step] : []),
    )
  return denied
}

async function lintOne(
  path: string,
  flags: LintFlags,
  rules: readonly Rule[],
  context: LintContext,
  emit: (found: Placed) => void,
): Promise<Recognised> {
  const recognised = await recogniseFile(path, flags.from)
  if (recognised.from !== undefined && flags.from === undefined)
    log(`${path}: read as ${recognised.from}; its rows are checked as hone prep would make them`)
  const across = acrossOf(rules)
  const run = {
    path,
    ...recognised,
    mends: refusalToMend(path, recognised) === undefined,
    checker: checkerOf(rules, context),
    across,
    rules,
    context,
    emit,
  }
  if (!holdsRows(recognised) || context.reward) await lintFile(run)
  else
    await fanOut(path, {
      here: (part, before) => lintFile({ ...run, part, before }),
      take: (done, before) => takePart(run, done, before),
    })
  return recognised
}

/** Lines that changed, or would. */
async function fixAll(flags: LintFlags, rules: readonly Rule[], context: LintContext): Promise<number> {
  let all = 0
  for (const path of flags.files) {
    const recognised = await recogniseFile(path, flags.from)
    const refusal = refusalToMend(path, recognised)
    if (refusal) throw refusal
    const changed = await fixFile(
      path,
      { checker: checkerOf(rules, context), across: acrossOf(rules), rules },
      flags.diff,
    )
    log(`${path}: ${changed} line${changed === 1 ? '' : 's'} ${flags.diff ? 'would change' : 'changed'}`)
    all += changed
  }
  return all
}

/** Why --fix cannot write such a file; undefined where it can. */
function refusalToMend(path: string, recognised: Recognised): HoneError | undefined {
  if (!holdsRows(recognised))
    return new HoneError(`Cannot mend ${path}: it holds no hone rows a line`, {
      at: path,
      hint: `hone prep ${path} -o rows.jsonl${recognised.from ? '' : ' --from SOURCE'} makes them`,
    })
  if (isCompressed(path)) return new HoneError(`Cannot mend ${path}: it is compressed`, { at: path, hint: 'unpack it' })
  return undefined
}

/** Lints again whenever a file changes, until interrupted. */
async function watchAll(flags: LintFlags, rules: readonly Rule[], context: LintContext): Promise<ExitCode> {
  if (flags.files.includes('-')) throw new HoneError('Cannot watch standard input')
  for (;;) {
    if (process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[H')
    await lintAll(flags, rules, context)
    log(`watching ${flags.files.join(', ')}; Ctrl-C ends`)
    await nextChange(flags.files)
  }
}

async function nextChange(paths: readonly string[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const watchers = paths.map((path) => watch(path, () => resolve()))
  await promise
  // Editors write in several steps; the last of them counts.
  await Bun.sleep(100)
  for (const watcher of watchers) watcher.close()
}

function statistics(counts: ReadonlyMap<string, number>, format: string | undefined): void {
  const sorted = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const rows = sorted.map(([code, count]) => ({
    code,
    count,
    what: allRules.find((rule) => rule.code === code)?.what ?? '',
  }))
  if (format === 'json') data(JSON.stringify(rows, null, 2))
  else if (format === 'ndjson') for (const row of rows) data(JSON.stringify(row))
  else for (const { code, count, what } of rows) data(`${String(count).padStart(7)}  ${code}  ${what}`)
}
