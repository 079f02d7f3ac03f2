// What went wrong again and again, counted by kind.
import type { Answerer } from './answerer.ts'

const SHOWN = 3

export interface Failures {
  add(message: string): void
  /** For people, the commonest first. */
  lines(one: string, many: string): string[]
}

export function failures(): Failures {
  const kinds = new Map<string, { count: number; first: string }>()
  return {
    add(message) {
      // The same failure of another row differs in its numbers.
      const kind = message.replace(/\d+/g, 'N')
      const known = kinds.get(kind) ?? { count: 0, first: message }
      known.count++
      kinds.set(kind, known)
    },
    lines: (one, many) =>
      [...kinds.values()]
        .toSorted((a, b) => b.count - a.count)
        .slice(0, SHOWN)
        .map(({ count, first }) => `  ${count} ${count === 1 ? one : many}: ${first}`),
  }
}

/** The answerer with a count of why answers did not come; `lines` for people. */
export function countingFailures(answerer: Answerer): { answerer: Answerer; lines(): string[] } {
  const counted = failures()
  return {
    answerer: {
      ...answerer,
      async *answer(questions) {
        for await (const answered of answerer.answer(questions)) {
          if ('failure' in answered) counted.add(answered.failure.message)
          yield answered
        }
      },
    },
    lines: () => counted.lines('reply failed', 'replies failed'),
  }
}
