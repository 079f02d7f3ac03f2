// Why answers did not come, counted by kind.
import type { Answerer } from './answerer.ts'

/** The answerer with a count of its failures; `lines` for people, the commonest first. */
export function countingFailures(answerer: Answerer): { answerer: Answerer; lines(): string[] } {
  const kinds = new Map<string, { count: number; first: string }>()
  return {
    answerer: {
      ...answerer,
      async *answer(questions) {
        for await (const answered of answerer.answer(questions)) {
          if ('failure' in answered) {
            const { message } = answered.failure
            // The same failure of another row differs in its numbers.
            const kind = message.replace(/\d+/g, 'N')
            const known = kinds.get(kind) ?? { count: 0, first: message }
            known.count++
            kinds.set(kind, known)
          }
          yield answered
        }
      },
    },
    lines: () =>
      [...kinds.values()]
        .toSorted((a, b) => b.count - a.count)
        .slice(0, SHOWN)
        .map(({ count, first }) => `  ${count} ${count === 1 ? 'reply' : 'replies'} failed: ${first}`),
  }
}

const SHOWN = 3
