// Completions of a step as its file has them: found again by their place without reading the file anew, and one of them token by token.
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import * as v from 'valibot'
import { pathsOf, stepFile } from '../paths.ts'
import type { Lens } from './lens.ts'
import { perFile } from './per-file.ts'
import type { Detail, Folder } from './view.ts'

/** Where a step's completions lie. */
export interface Place {
  directory: string
  folder: Folder
  step: number
}

/** Not looked into: a step has a number for each of a million tokens. */
const list = <T>() => v.custom<T[]>(Array.isArray, 'expected a list')
type Numbers = (number | null)[]

const Line = v.object({
  id: v.string(),
  set: v.optional(v.string()),
  sample: v.optional(v.number()),
  messages: v.optional(list<{ role: string; content: string }>()),
  tools: v.optional(list<{ name: string; description: string; parameters: unknown }>(), []),
  reward: v.optional(v.number()),
  advantage: v.optional(v.nullable(v.number()), null),
  exact: v.optional(v.boolean()),
  output: v.string(),
  score: v.number(),
  parts: v.optional(v.nullable(v.record(v.string(), v.nullable(v.number()))), null),
  reasons: v.array(v.string()),
  fault: v.optional(v.nullable(v.string()), null),
  stop: v.optional(v.string(), ''),
  gts: v.optional(v.unknown()),
  turns: v.optional(list<{ role: string; from: number; to: number; reward?: number }>(), []),
  prompt_ids: v.optional(list<number>(), []),
  output_ids: v.optional(list<number>(), []),
  logprobs: v.optional(list<Numbers[number]>(), []),
  reference_logprobs: v.optional(list<Numbers[number]>()),
  entropies: v.optional(list<Numbers[number]>()),
  trained: v.optional(list<number>(), []),
})
export type Line = v.InferOutput<typeof Line>

/** Completions in a table of a step. */
export type Shown = Pick<Line, 'id' | 'advantage' | 'output' | 'score' | 'reasons'> & { reward: number }

/** Completions of a step, empty where none are kept. */
export function rolloutsOf(directory: string, step: number): Shown[] {
  return linesOf({ directory, folder: 'rollouts', step }).map(({ id, reward, advantage, output, score, reasons }) => ({
    id,
    reward: reward ?? score,
    advantage,
    output,
    score,
    reasons,
  }))
}

/** Every line of a step, in order. */
export function linesOf(place: Place): Line[] {
  const path = pathOf(place)
  return existsSync(path) ? readAll(path, read) : []
}

/** Every line without its numbers a token: they are most of it. */
export const shortLinesOf = (path: string): Line[] => readAll(path, (line) => read(line.replace(NUMBERS, '$1[]')))

/** A list of numbers under one of these names; within a text the quotes of a name would be escaped. */
const NUMBERS = /("(?:prompt_ids|logprobs|reference_logprobs|entropies)":)\[[^\]]*\]/g

const readAll = (path: string, one: (line: string) => Line): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [one(line)]))

/** Completion `index` of a step token by token; undefined where there is none, or no tokenizer to spell it. */
export function detailOf(place: Place, index: number, lens: Lens): Detail | undefined {
  const line = lineAt(place, index)
  return line && lens.spell && detailed(line, lens.spell)
}

export function detailed(line: Line, spell: NonNullable<Lens['spell']>): Detail {
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

export function lineAt(place: Place, index: number): Line | undefined {
  const bounds = boundsIn(pathOf(place))?.[index]
  if (!bounds) return undefined
  const file = openSync(pathOf(place), 'r')
  try {
    const bytes = Buffer.alloc(bounds.to - bounds.from)
    readSync(file, bytes, 0, bytes.length, bounds.from)
    return read(bytes.toString())
  } finally {
    closeSync(file)
  }
}

/** Bytes of a line in its file, [from, to). */
interface Bounds {
  from: number
  to: number
}

const boundsIn = perFile((path): Bounds[] => {
  const bytes = readFileSync(path)
  const bounds: Bounds[] = []
  for (let from = 0, to; from < bytes.length; from = to + 1) {
    to = bytes.indexOf(10, from)
    if (to < 0) to = bytes.length
    if (to > from) bounds.push({ from, to })
  }
  return bounds
})

export const pathOf = ({ directory, folder, step }: Place): string => stepFile(pathsOf(directory)[folder], step)
const read = (line: string): Line => v.parse(Line, JSON.parse(line))
