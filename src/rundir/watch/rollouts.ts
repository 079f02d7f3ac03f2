// Rollouts as the page shows them: a line each, and of one that is looked at every token with what is known of it.
import { existsSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { pathsOf, stepFile } from '../paths.ts'

/** Token ids as the text of each; undefined where the tokenizer is not at hand. */
export type Spell = ((ids: readonly number[]) => string[]) | undefined

const numbers = v.array(v.nullable(v.number()))
const Line = v.object({
  id: v.string(),
  sample: v.optional(v.number()),
  reward: v.number(),
  advantage: v.nullable(v.number()),
  output: v.string(),
  score: v.number(),
  parts: v.optional(v.nullable(v.record(v.string(), v.nullable(v.number()))), null),
  reasons: v.array(v.string()),
  fault: v.optional(v.nullable(v.string()), null),
  stop: v.optional(v.string(), ''),
  gts: v.optional(v.unknown()),
  prompt_ids: v.optional(v.array(v.number()), []),
  output_ids: v.optional(v.array(v.number()), []),
  logprobs: v.optional(numbers, []),
  reference_logprobs: v.optional(numbers),
  entropies: v.optional(numbers),
  trained: v.optional(v.array(v.number()), []),
})
type Line = v.InferOutput<typeof Line>

/** A completion in the table of a step. */
export type Shown = Pick<Line, 'id' | 'reward' | 'advantage' | 'output' | 'score' | 'reasons'>

/** What opens beneath it. Lists have a value a token; those that were not kept are absent. */
export interface Detail extends Pick<Line, 'parts' | 'fault' | 'stop' | 'gts' | 'trained' | 'logprobs' | 'entropies'> {
  prompt: string
  tokens: string[]
  /** Log-prob less that of the reference: its mean over a completion estimates the KL. */
  kl?: (number | null)[]
}

/** Completions of a step, empty where none are kept. */
export function rolloutsOf(directory: string, step: number): Shown[] {
  return linesOf(directory, step).map((line) => {
    const { id, reward, advantage, output, score, reasons } = v.parse(Line, JSON.parse(line))
    return { id, reward, advantage, output, score, reasons }
  })
}

/** Completion `index` of a step; undefined where there is none, or no tokenizer to spell it. */
export function detailOf(directory: string, step: number, index: number, spell: Spell): Detail | undefined {
  const text = linesOf(directory, step)[index]
  if (text === undefined || !spell) return undefined
  const line = v.parse(Line, JSON.parse(text))
  const { parts, fault, stop, gts, trained, logprobs, entropies, reference_logprobs: reference } = line
  return {
    parts,
    fault,
    stop,
    gts,
    trained,
    logprobs,
    prompt: spell(line.prompt_ids).join(''),
    tokens: spell(line.output_ids),
    ...(entropies && { entropies }),
    ...(reference && { kl: logprobs.map((value, t) => difference(value, reference[t])) }),
  }
}

function difference(value: number | null, reference: number | null | undefined): number | null {
  return value === null || reference === null || reference === undefined ? null : value - reference
}

function linesOf(directory: string, step: number): string[] {
  const path = stepFile(pathsOf(directory).rollouts, step)
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []
}

/** A speller of ids one by one. Tokens that share a letter are spelt by the first of them. */
export function spellerOf(decode: (ids: number[]) => string): NonNullable<Spell> {
  const BROKEN = '\ufffd'
  const LONGEST = 4
  return (ids) => {
    const texts: string[] = []
    for (let i = 0; i < ids.length;) {
      let count = 1
      let text = decode([ids[i]!])
      while (text.includes(BROKEN) && count < LONGEST && i + count < ids.length)
        text = decode(ids.slice(i, i + ++count))
      if (text.includes(BROKEN)) text = decode(ids.slice(i, i + (count = 1)))
      texts.push(text, ...Array.from({ length: count - 1 }, () => ''))
      i += count
    }
    return texts
  }
}
