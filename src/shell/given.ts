// Values that were given for settings, each with the place that it came from, and what is said of a wrong or a missing
// one.
import * as v from 'valibot'
import { didYouMean, HoneError } from '../error.ts'
import { flagOf, variableOf } from './flags.ts'
import type { Leaf } from './schema.ts'
import { expected } from './shape.ts'

/** A value with the place that it came from. */
export interface Given {
  value: unknown
  origin: string
  /** Said by a flag or a variable, whose name is known to who said it; else by a key in a file or a preset. */
  direct?: true
  /** The key as the file spells it. */
  spelt?: string
}

/** Checks of a schema's own, whose message says what a value must be. */
const CHECKS = ['check', 'custom']

/** What was said wrongly comes before what was not said. */
export function complaint(
  issues: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
  given: ReadonlyMap<string, Given>,
  leaves: readonly Leaf[],
  { file, usage }: { file?: string | undefined; usage?: string | undefined },
): HoneError {
  const placed = issues.map((issue) => {
    const path = v.getDotPath(issue) ?? ''
    const leaf = leaves.find(({ key }) => path === key || path.startsWith(`${key}.`))
    return { issue, path, leaf, source: leaf && given.get(leaf.key) }
  })
  const { issue, path, leaf, source } = placed.find(({ source }) => source !== undefined) ?? placed[0]!
  if (leaf && !source && issue.received === 'undefined')
    return missing(
      placed.flatMap(({ leaf }) => leaf ?? []),
      file,
      usage,
    )
  if (!leaf || !source) return new HoneError(issue.message, { at: file, hint: usage })
  const shape = path === leaf.key ? leaf.shape : (leaf.shape.item ?? leaf.shape)
  const hint = didYouMean(issue.received.replaceAll('"', ''), shape.choices ?? [])
  const received = path === leaf.key ? undefined : issue.received
  const spelt = source.spelt === undefined ? {} : { spelt: source.spelt + path.slice(leaf.key.length) }
  return wrong(
    path,
    { ...source, ...spelt },
    CHECKS.includes(issue.type) ? issue.message : expected(shape),
    received,
    hint,
  )
}

/** All that is missing, told at once. */
function missing(leaves: readonly Leaf[], file: string | undefined, usage: string | undefined): HoneError {
  const are = leaves.length === 1 ? 'is' : 'are'
  if (usage !== undefined) return new HoneError(`${listed(leaves.map(flagOf))} ${are} missing`, { hint: usage })
  const keys = listed(leaves.map(({ key }) => `"${key}"`))
  const them = leaves.length === 1 ? 'it' : 'them'
  return new HoneError(`${leaves.length === 1 ? 'Setting' : 'Settings'} ${keys} ${are} missing`, {
    at: file,
    hint: `set ${them} in the configuration file, as ${listed(leaves.map(flagOf))} or as ${listed(leaves.map(variableOf))}`,
  })
}

/** `a, b and c`. */
const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** A flag or a variable is called by its name, a key of a file or a preset by its place. */
export function wrong(
  key: string,
  { value, origin, direct, spelt = key }: Given,
  wanted: string,
  received: string = JSON.stringify(value),
  hint?: string,
): HoneError {
  const [subject, at] = direct ? [origin, undefined] : [`Setting "${spelt}"`, origin]
  return new HoneError(`${subject} must be ${wanted}: current value is ${received}`, { at, hint })
}
