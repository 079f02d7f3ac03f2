// A reward model as a reward: the score of its scalar head at the end of the prompt and the completion.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { atDate, loadTokenizer, type Tokenizer } from '../dialogue/chat.ts'
import { ended, openedThought, promptForm, promptText } from '../dialogue/prompt.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import { Message, Tool } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { openDevice } from '../gpu/device/open.ts'
import { microBatches, withEnd } from '../gpu/policy/batch.ts'
import { openScorer, type Scorer as Network } from '../gpu/policy/scorer.ts'
import { loadConfig } from '../gpu/weights/hf.ts'
import { isRun, pathsOf } from '../rundir/paths.ts'
import { readRecord } from '../rundir/run.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

const PREFIX = 'model:'

/** The folder or run of a reward that is a model; undefined for other rewards. */
export const rewardModel = (spec: string): string | undefined =>
  spec.startsWith(PREFIX) ? spec.slice(PREFIX.length) : undefined

export const modelSpec = (path: string): string => PREFIX + path

/** Tokens of a pass. */
const MICRO_TOKENS = 4096

interface Opened {
  network: Network
  tokenizer: Tokenizer
  form: PromptForm
}

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
  const form = promptForm(String(record?.settings['prompt'] ?? 'native'))
  let opened: Promise<Opened> | undefined
  const open = async (): Promise<Opened> => {
    const tokenizer = await loadTokenizer(folder)
    const device = await openDevice('auto')
    const network = openScorer(device, folder)
    return {
      form,
      network,
      tokenizer: record?.started === undefined ? tokenizer : atDate(tokenizer, new Date(record.started)),
    }
  }
  return {
    name: modelSpec(path),
    async score(samples: readonly Sample[]): Promise<Verdict[]> {
      if (samples.length === 0) return []
      return scoresOf(samples, await (opened ??= open()), maxPositions)
    },
    close() {
      void opened?.then(({ network }) => network.free())
    },
  }
}

function scoresOf(samples: readonly Sample[], { network, tokenizer, form }: Opened, positions: number): Verdict[] {
  const verdicts: Verdict[] = []
  /** Completions of one prompt run with it: the prompt runs once. */
  const groups = new Map<string, { prompt: number[]; completions: number[][]; places: number[] }>()
  samples.forEach((sample, place) => {
    try {
      const { prompt, completion } = textsOf(sample, form, tokenizer)
      const group = groups.get(prompt) ?? { prompt: tokenizer.encode(prompt), completions: [], places: [] }
      const ids = ended(tokenizer.encode(completion), tokenizer)
      if (group.prompt.length + ids.length > positions)
        throw new Raised(
          'TooLong',
          `${group.prompt.length + ids.length} tokens are more than the model's ${positions} positions`,
        )
      group.completions.push(withEnd(ids))
      group.places.push(place)
      groups.set(prompt, group)
    } catch (error) {
      verdicts[place] = faulty(error)
    }
  })
  const all = [...groups.values()]
  for (const batch of microBatches(all, MICRO_TOKENS)) {
    const values = network.values(batch.map((i) => all[i]!))
    batch.forEach((i, g) =>
      all[i]!.places.forEach((place, c) => {
        const score = values[g]![c]!.at(-1)!
        verdicts[place] = { score, parts: {}, fault: null, reasons: [] }
      }),
    )
  }
  return verdicts
}

const Asked = v.object({ messages: v.pipe(v.array(Message), v.minLength(1)), tools: v.optional(v.array(Tool), []) })

/** What the model reads. @throws Raised where the row does not say what was asked, HoneError where the template refuses it. */
function textsOf({ row = {}, completion }: Sample, form: PromptForm, tokenizer: Tokenizer) {
  const asked = v.safeParse(Asked, row)
  if (!asked.success) {
    if (typeof row['prompt'] === 'string' && row['prompt'] !== '') return { prompt: row['prompt'], completion }
    throw new Raised('NoPrompt', 'the row has no "messages" and no "prompt": a reward model reads what was asked')
  }
  const prompt = promptText(form, asked.output, tokenizer)
  // A turn that is judged begins with the thought that the template opened.
  const opened = openedThought(prompt)
  return { prompt, completion: completion.startsWith(opened) ? completion.slice(opened.length) : completion }
}
