// The one error that hone throws on purpose: what is wrong, where, what to do next, and the exit code it ends with; and names
// that stand in no table.

/** Exit codes a script can rely on. */
export const EXIT = { ok: 0, no: 1, usage: 2, bug: 3, interrupted: 130 } as const
/** What each of them means. */
export const exitCodes: Readonly<Record<number, string>> = {
  [EXIT.ok]: 'ok',
  [EXIT.no]: 'the answer is no',
  [EXIT.usage]: 'usage, configuration or data',
  [EXIT.bug]: 'a bug in hone',
  [EXIT.interrupted]: 'interrupted, after saving',
}
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface HoneErrorDetail {
  /** Where it is wrong, as `file`, `file:line` or `file:line:column`. */
  at?: string | undefined
  /** What to do next, one sentence. */
  hint?: string | undefined
  /** Exit code; 2 (usage, configuration or data) unless said otherwise. */
  exit?: ExitCode
  cause?: unknown
}

export class HoneError extends Error {
  readonly at: string | undefined
  readonly hint: string | undefined
  readonly exit: ExitCode

  constructor(message: string, { at, hint, exit = EXIT.usage, cause }: HoneErrorDetail = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HoneError'
    this.at = at
    this.hint = hint
    this.exit = exit
  }
}

/** What `work` makes of the row at `at`; what is wrong with it is told there. */
export function inRow<Result>(at: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    const { message, hint, exit } = error
    throw new HoneError(message, { at, ...(hint !== undefined && { hint }), exit, cause: error })
  }
}

/** The row of that name: a table has no `constructor` that it was not given. */
export function ownOf<Row>(table: Readonly<Record<string, Row>>, name: string): Row | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** The row of a table by its name. @throws HoneError, with the nearest name or all of them, where there is no such row. */
export function lookup<Row>(
  table: Readonly<Record<string, Row>>,
  kind: string,
  name: string,
  detail?: HoneErrorDetail,
): Row {
  const row = ownOf(table, name)
  if (row === undefined) throw unknownName(kind, name, Object.keys(table), detail)
  return row
}

/** What an unknown name is answered with. Its hint is the nearest of `names`, else the hint in `detail`, else all of them. */
export function unknownName(
  kind: string,
  name: string,
  names: readonly string[],
  { hint = names.length > 0 ? `there are: ${names.join(', ')}` : 'there are none', ...detail }: HoneErrorDetail = {},
): HoneError {
  return new HoneError(`Unknown ${kind}: ${name || '(empty)'}`, { ...detail, hint: didYouMean(name, names) ?? hint })
}

/** The question whether `word` is a slip of the hand; undefined where no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = nearest(word, candidates)
  return near === undefined ? undefined : `did you mean ${near}?`
}

/** The candidate nearest to `word` by edit distance, if it is near enough to be a slip of the hand. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 1) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Levenshtein distance, cut off at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}
