// What a reward model computes: the score of its scalar head at the end of the prompt and the completion.
import * as v from 'valibot'
import { atDate, loadTokenizer, type Tokenizer } from '../dialogue/chat.ts'
import { ended, openedThought, promptForm, promptText } from '../dialogue/prompt.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import { Message, Tool } from '../dialogue/row.ts'
import { openDevice } from '../gpu/device/open.ts'
import { microBatches, withEnd } from '../gpu/policy/batch.ts'
import { openScorer, type ScorerModel as Network } from '../gpu/policy/scorer.ts'
import type { RunRecord } from '../rundir/run.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

/** Tokens of a pass. */
const MICRO_TOKENS = 4096

export interface ScoringNetwork {
  /** Verdicts in the order of the samples, each for itself. */
  score(samples: readonly Sample[]): Verdict[]
  free(): void
}

interface Opened {
  network: Network
  tokenizer: Tokenizer
  form: PromptForm
  maxPositions: number
}

/** The model in the folder, asked as the run that it came from was asked. @throws HoneError for a folder without a scalar head. */
export async function openNetwork(
  folder: string,
  { record, maxPositions }: { record: RunRecord | undefined; maxPositions: number },
): Promise<ScoringNetwork> {
  const form = promptForm(String(record?.settings['prompt'] ?? 'native'))
  const plain = await loadTokenizer(folder)
  const tokenizer = record?.started === undefined ? plain : atDate(plain, new Date(record.started))
  const network = openScorer(await openDevice('auto'), folder)
  return {
    score: (samples) => scoresOf(samples, { network, tokenizer, form, maxPositions }),
    free: () => network.free(),
  }
}

function scoresOf(samples: readonly Sample[], { network, tokenizer, form, maxPositions }: Opened): Verdict[] {
  const verdicts: Verdict[] = []
  /** Completions of one prompt run with it: the prompt runs once. */
  const groups = new Map<string, { prompt: number[]; completions: number[][]; places: number[] }>()
  samples.forEach((sample, place) => {
    try {
      const { prompt, completion } = textsOf(sample, form, tokenizer)
      const group = groups.get(prompt) ?? { prompt: tokenizer.encode(prompt), completions: [], places: [] }
      const ids = ended(tokenizer.encode(completion), tokenizer)
      if (group.prompt.length + ids.length > maxPositions)
        throw new Raised(
          'TooLong',
          `${group.prompt.length + ids.length} tokens are more than the model's ${maxPositions} positions`,
        )
      group.completions.push(withEnd(ids))
      group.places.push(place)
      groups.set(prompt, group)
    } catch (error) {
      verdicts[place] = faulty(error)
    }
  })
  const all = [...groups.values()]
  for (const batch of microBatches(all, MICRO_TOKENS, network.lengths)) {
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
