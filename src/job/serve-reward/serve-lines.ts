// A reward on a pipe: each line of stdin is a row, each line of the answers its verdict.
import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { toCalls } from '../../data/calls.ts'
import { Rejection } from '../../data/source.ts'
import { callFormats, type FormatName } from '../../dialogue/call.ts'
import { HoneError } from '../../error.ts'
import { setQuiet } from '../../out.ts'
import { faulty, Raised, type Mode, type Verdict } from '../../reward/reward.ts'
import { toSample, verdictLine } from '../../reward/rows.ts'
import { isRewardFile, openScorer, rewardFormat } from '../../reward/scorer.ts'
import { loadReward, type Answer } from '../../reward/user-reward.ts'
import { isObject, type Json } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'

const STDOUT = 1

/**
 * Answers each line of stdin, in order: what `--reward-cmd` expects of a program. A user's reward runs in this process, and
 * what it prints goes to stderr. On a `descriptor` of its own the first line says whether the reward was loaded, and the
 * process ends with the one that started it.
 */
export async function serveLines(spec: string, mode: Mode, descriptor = STDOUT): Promise<void> {
  console.log = console.info = console.debug = console.error
  process.stdout.write = process.stderr.write.bind(process.stderr)
  const say = (line: string) => void writeSync(descriptor, `${line}\n`)
  const apart = descriptor !== STDOUT
  if (apart) {
    endWithParent()
    // What is in the rows is for the one who asks to warn of.
    setQuiet(true)
  }
  let answer: Answer
  try {
    answer = await load(spec, mode)
  } catch (error) {
    if (!apart || !(error instanceof HoneError)) throw error
    const { message, at, hint } = error
    return say(JSON.stringify({ message, at, hint }))
  }
  if (apart) say('{"ready": true}')
  for await (const { value } of readRecords('-')) say(answerLine(await answered(answer, value)))
}

async function load(spec: string, mode: Mode): Promise<Answer> {
  if (isRewardFile(spec)) {
    const reward = await loadReward(spec)
    return (row) => reward(withText(row))
  }
  const scorer = openScorer(spec, { mode })
  const format = rewardFormat(spec)
  return async (row) => (await scorer.score([toSample(withText(row, format), 'row', scorer)]))[0]!
}

/** What is wrong with a row is its fault: the others are answered. */
async function answered(answer: Answer, row: Json): Promise<Verdict> {
  try {
    return await answer(row)
  } catch (error) {
    if (!(error instanceof HoneError || error instanceof Rejection)) throw error
    return faulty(new Raised('NotARow', error.message))
  }
}

/** The row with its completion as text: messages with calls, as TRL parses them, are written in the format that the reward reads. */
function withText(row: Json, format: FormatName = 'hermes'): Json {
  if (!isObject(row) || !Array.isArray(row['completion'])) return row
  const turns = row['completion'].filter(isObject).map((message) => {
    const [text, think] = [message['content'], message['reasoning_content']]
    return callFormats[format].write({
      think: typeof think === 'string' ? think : null,
      text: typeof text === 'string' ? text : '',
      calls: toCalls(message['tool_calls'] ?? []),
    })
  })
  return { ...row, completion: turns.join('\n') }
}

/** A score of null says that the reward does not apply to the row. */
function answerLine(verdict: Verdict): string {
  return verdictLine(verdict.notApplicable ? { ...verdict, score: null } : verdict)
}

/** A reward may hang in a loop or wait for ever: another thread sees that the parent is gone. */
function endWithParent(): void {
  const watch = `setInterval(() => {
    if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL')
  }, 500)`
  new Worker(watch, { eval: true }).unref()
}
