// A short name for everything that decides what a score means. Scores of one benchmark compare where their protocols are equal.
import { readFileSync } from 'node:fs'
import { atDate } from '../dialogue/chat.ts'
import { complain } from '../out.ts'
import { promptText } from '../dialogue/prompt.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import type { Mode } from '../reward/reward.ts'
import type { Language } from './open.ts'
import { isRewardFile, rewardFormat } from '../reward/scorer.ts'

export interface Protocol {
  benchmark: string
  /** What reads the answers: parser, decoder or version of a checker. */
  reader: string
  /** The prompt form, as it renders EXAMPLE. */
  prompt: string
  sampling: { temperature: number; maxNewTokens: number; seed: number }
}

/** 16 hexadecimal digits. The seed of greedy answers does not matter. */
export function protocolOf({ benchmark, reader, prompt, sampling }: Protocol): string {
  const { temperature, maxNewTokens, seed } = sampling
  return hash(JSON.stringify([benchmark, reader, prompt, temperature, maxNewTokens, temperature > 0 ? seed : 0]))
}

/** The protocol under which a run evaluates held-out rows: that of `hone eval --bench rows` with the same prompt, parser and length. */
export function heldOutProtocol(
  recipe: { evalReward: string; maxCompletionLength: number },
  { form, tokenizer }: Pick<Language, 'form' | 'tokenizer'>,
): string {
  return protocolOf({
    benchmark: 'rows',
    reader: rewardFormat(recipe.evalReward) ?? recipe.evalReward,
    prompt: promptText(form, EXAMPLE, atDate(tokenizer, EXAMPLE_DAY)),
    sampling: { temperature: 0, maxNewTokens: recipe.maxCompletionLength, seed: 0 },
  })
}

/** What a run trains under, for its record: the rendered prompt, and each reward with the parser that reads for it. */
export function trainingProtocol(
  { reward, evalReward, rewardMode }: { reward?: string; evalReward?: string; rewardMode?: Mode },
  { form, format, tokenizer }: Pick<Language, 'form' | 'format' | 'tokenizer'>,
): Record<string, string> {
  const judge = (spec: string) => {
    const text = isRewardFile(spec) ? readFileSync(spec, 'utf8') : spec
    return hash(JSON.stringify([text, rewardMode, rewardFormat(spec) ?? format]))
  }
  return {
    prompt: hash(promptText(form, EXAMPLE, atDate(tokenizer, EXAMPLE_DAY))),
    ...(reward !== undefined && { reward: judge(reward) }),
    ...(evalReward !== undefined && { evalReward: judge(evalReward) }),
  }
}

/** Held-out answers that another reward judges than the one trained on say something else. */
export function warnOfOtherJudge({ reward, evalReward }: { reward?: string; evalReward: string }): void {
  if (reward !== undefined && reward !== evalReward)
    complain(`warning: trained on the reward "${reward}", evaluated by "${evalReward}": their scores do not compare`)
}

/** A run that is asked in another form than it was trained in answers as a stranger to it. */
export function warnOfOtherPrompt(trained: string | undefined, asked: string): void {
  if (trained !== undefined && trained !== hash(asked))
    complain('warning: the run was trained under another prompt form than it is asked with here')
}

/** xxHash64 as 16 hexadecimal digits. */
export function hash(text: string): string {
  return Bun.hash.xxHash64(text).toString(16).padStart(16, '0')
}

/** The day on which it is asked: a template that tells the date is one form on every day. */
export const EXAMPLE_DAY = new Date(2024, 6, 26)

/** The question whose rendering stands for a prompt form. */
export const EXAMPLE: Asked = {
  messages: [
    { role: 'system', content: 'System text.' },
    { role: 'user', content: 'A question.' },
  ],
  tools: [
    {
      name: 'tool',
      description: 'A tool.',
      parameters: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
    },
  ],
}
