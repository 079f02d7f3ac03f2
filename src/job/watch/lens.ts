// How the completions of a run are read: its model's tokenizer spells them, and the format of its reward finds the calls in them.
import { findFormat, type FormatName } from '../../dialogue/call.ts'
import { loadTokenizer, type Tokenizer } from '../../dialogue/chat.ts'
import { formatOf, promptForm } from '../../dialogue/prompt.ts'
import { HoneError } from '../../error.ts'
import { log } from '../../out.ts'
import { expectedCalls } from '../../reward/calls.ts'
import { differencesOf } from '../../reward/score/difference.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import { type Lens, spellerOf } from '../../rundir/watch/lens.ts'
import type { Json } from '../../text/json.ts'
import { modelFolder } from '../model-folder.ts'
import { readRun } from '../run-record.ts'

const known = new Map<string, Promise<Lens>>()

/** Of the run in a directory, read once; without tokens where its model is not at hand. */
export function lensOf(directory: string): Promise<Lens> {
  const lens = known.get(directory) ?? openLens(directory)
  known.set(directory, lens)
  return lens
}

async function openLens(directory: string): Promise<Lens> {
  const { settings } = readRun(directory)
  const tokenizer = await tokenizerOf(settings['model'])
  const spell = tokenizer && spellerOf((ids) => tokenizer.decode(ids))
  const format = formatIn(settings, tokenizer)
  return { spell, differences: format && differencesBy(format, judgesCalls(settings)) }
}

async function tokenizerOf(model: unknown): Promise<Tokenizer | undefined> {
  try {
    return await loadTokenizer(modelFolder(String(model)).model)
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    log(`tokens are not shown: ${error.message}`)
    return undefined
  }
}

/** What reads the calls: the format of the reward, else that of the prompt form; none where a reward judges something else. */
function formatIn(settings: Record<string, unknown>, tokenizer: Tokenizer | undefined): FormatName | undefined {
  try {
    const spec = settings['reward'] ?? settings['evalReward']
    const format = typeof spec === 'string' ? rewardFormat(spec) : undefined
    if (format !== undefined || !tokenizer) return format
    return formatOf(promptForm(String(settings['prompt'])), tokenizer)
  } catch (error) {
    // A reward or a form that has moved.
    if (error instanceof HoneError) return undefined
    throw error
  }
}

/** Settings by which something answers the calls: then the end of the episode is judged. */
const ANSWERED = ['env', 'envCmd', 'agent', 'tools', 'mcp']

/** Whether a row without expected calls says that none is to be made. */
function judgesCalls(settings: Record<string, unknown>): boolean {
  const spec = settings['reward'] ?? settings['evalReward']
  const answered = ANSWERED.some((name) => [settings[name] ?? []].flat().length > 0)
  return typeof spec === 'string' && rewardFormat(spec) !== undefined && !answered
}

function differencesBy(format: FormatName, evenOfNone: boolean): NonNullable<Lens['differences']> {
  const { parse } = findFormat(format)
  return (text, expected) => {
    const truth = Array.isArray(expected) ? (expected as Json[]) : []
    return truth.length === 0 && !evenOfNone ? [] : differencesOf(expectedCalls(truth), parse(text).calls)
  }
}
