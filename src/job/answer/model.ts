// Answers of a local model: prompts in the words of a form, completed by its generation service.
import { openDevice } from '../../gpu/device/open.ts'
import type { DTypeSpec } from '../../gpu/device/precision.ts'
import type { DeviceSpec } from '../../gpu/device/spec.ts'
import { generate } from '../../gpu/policy/generate.ts'
import type { Policy } from '../../gpu/policy/policy.ts'
import { openModel } from '../../gpu/policy/model.ts'
import type { FormatName } from '../../dialogue/call.ts'
import type { Constraint } from '../../dialogue/constrain.ts'
import type { constraints } from '../../dialogue/grammar/frame.ts'
import type { Hold } from '../../dialogue/hold.ts'
import { atDate } from '../../dialogue/chat.ts'
import type { Asked } from '../../dialogue/prompt/form.ts'
import { promptIds, promptText } from '../../dialogue/prompt.ts'
import { HoneError } from '../../error.ts'
import { beforeStop, textOf } from '../../rl/judge.ts'
import { modelFolder, trainedFormat } from '../model-folder.ts'
import { endingOf, openHold, openLanguage, type Language } from '../open.ts'
import { interleave, type Answered, type Answerer, type Question, type Reply, type Sampled } from './answerer.ts'

/** A prompt in token ids. */
export interface Prompted {
  prompt: readonly number[]
  key: readonly number[]
  /** Fewer than the answerer's, where there is less room. */
  maxNewTokens?: number
  /** Answers to it, one unless given; answer i is drawn by (seed, ...key, i). */
  samples?: number
  /** What the answers are held to. */
  within?: Constraint | undefined
}

export interface ModelAnswerer extends Answerer {
  policy: Pick<Policy, 'open'>
  language: Language
  sampled: Sampled
  positions: number
  /** What holds an answer to the tools of its question, where it is held. */
  hold?: Hold | undefined
  /** Replies to prompts in order, those to one prompt one after the other, while prompts are being read. */
  complete<Prompt extends Prompted>(
    prompts: Iterable<Prompt> | AsyncIterable<Prompt>,
  ): AsyncGenerator<{ prompt: Prompt; sample: number; reply: Required<Omit<Reply, 'calls'>> }>
}

export interface ModelPlace {
  /** A folder, or a finished run. */
  path: string
  adapter?: string | undefined
  /** Where the model of a run with an adapter lies now. */
  base?: string | undefined
  device: DeviceSpec
  dtype?: DTypeSpec | undefined
  /** Prompt form. */
  prompt: string
  /** What answers are held to, and the call format of that; the prompt form's unless given. */
  constrain?: (typeof constraints)[number] | undefined
  parser?: FormatName | undefined
}

/** `sampled` may follow from what the model is. @throws HoneError for a folder or device that hone cannot run. */
export async function openModelAnswerer(
  { path, adapter: given, base, device, dtype, prompt, constrain = 'none', parser }: ModelPlace,
  sampled: Sampled | ((language: Language) => Sampled),
): Promise<ModelAnswerer & Pick<Policy, 'free'>> {
  const { model, adapter } = modelFolder(path, given, base)
  const language = await openLanguage({ model, prompt })
  const hold =
    constrain === 'none' ? undefined : openHold(language, constrain, parser ?? trainedFormat(path) ?? language.format)
  const policy = openModel(await openDevice(device, { dtype }), model, { adapter })
  // Weights that were written anew are another model.
  const identity = [
    model,
    adapter,
    Bun.file(`${model}/config.json`).lastModified,
    ...(dtype === undefined || dtype === 'auto' ? [] : [dtype]),
    ...(hold ? [constrain, parser] : []),
  ]
  const law = typeof sampled === 'function' ? sampled(language) : sampled
  const about = { source: path, identity, language, format: trainedFormat(path), sampled: law, hold }
  return { ...modelAnswerer(policy, about), free: policy.free }
}

export function modelAnswerer(
  policy: Pick<Policy, 'open'>,
  {
    source,
    identity,
    language,
    format = language.format,
    sampled,
    hold,
  }: Pick<ModelAnswerer, 'source' | 'language' | 'sampled' | 'hold'> & {
    identity: unknown[]
    format?: FormatName | undefined
  },
): ModelAnswerer {
  const { tokenizer, form, positions } = language
  const { temperature, maxNewTokens, seed, stop = [] } = sampled
  const ids = new WeakMap<Asked, number[]>()
  const idsOf = (asked: Asked): number[] => {
    const known = ids.get(asked) ?? promptIds(form, asked, tokenizer)
    ids.set(asked, known)
    return known
  }

  async function* complete<Prompt extends Prompted>(prompts: Iterable<Prompt> | AsyncIterable<Prompt>) {
    async function* requests() {
      for await (const prompt of prompts) yield { samples: 1, ...prompt, source: prompt, key: [seed, ...prompt.key] }
    }
    const sampling = { temperature, maxNewTokens, ...endingOf(tokenizer, stop) }
    for await (const { request, completions } of generate(policy, requests(), sampling))
      for (const [sample, completion] of completions.entries()) {
        const text = beforeStop(textOf(completion, tokenizer), stop)
        yield { prompt: request.source, sample, reply: { text, completion } }
      }
  }

  const roomFor = (asked: Asked): number => Math.max(0, positions - idsOf(asked).length)
  const withoutRoom = ({ asked }: Question): Answered | undefined =>
    roomFor(asked) > 0 ? undefined : { failure: tooLong(idsOf(asked).length, 1, positions), noRoom: true }
  async function* answerAll(questions: Iterable<Question>): AsyncGenerator<Answered> {
    const prompts = function* () {
      for (const { asked, key } of questions) {
        const prompt = idsOf(asked)
        yield { prompt, key, maxNewTokens: Math.min(maxNewTokens, roomFor(asked)), within: hold?.(asked, prompt) }
      }
    }
    for await (const { reply } of complete(prompts())) yield reply
  }

  return {
    source,
    format,
    words: { form, tokenizer },
    policy,
    language,
    sampled,
    positions,
    hold,
    roomFor,
    show: (asked, date) => promptText(form, asked, date ? atDate(tokenizer, date) : tokenizer),
    identify: ({ asked, sample }) =>
      JSON.stringify([...identity, temperature, maxNewTokens, seed, sample, idsOf(asked), ...stop]),
    complete,
    async *answer(questions) {
      for await (const { answer } of interleave(questions, withoutRoom, answerAll)) yield answer
    },
  }
}

export const LONGEST = 512

/** Longest answer unless given; half the positions where the model has few. */
export const usualLength = (positions: number): number => Math.min(LONGEST, positions >> 1)

/** The error of a prompt of so many tokens that leaves no room for an answer. */
export function tooLong(prompt: number, answer: number, positions: number, at?: string): HoneError {
  return new HoneError(
    `Context too long: a prompt of ${prompt} and a completion of ${answer} tokens need more than the model's ${positions} positions`,
    { ...(at !== undefined && { at }), hint: 'lower --max-new-tokens, or shorten the prompt' },
  )
}
