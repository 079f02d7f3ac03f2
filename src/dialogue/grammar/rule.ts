// Rules of a grammar: automata in a row, a choice, a number of times, or a rule that is made when it is first needed.
import { automata, literal, newId, type Regex, type State } from './regular.ts'

export type Rule =
  | { id: number; kind: 'terminal'; start: State }
  | { id: number; kind: 'sequence'; parts: readonly Rule[] }
  | { id: number; kind: 'choice'; options: readonly Rule[] }
  | { id: number; kind: 'repeat'; body: Rule; min: number; max: number }
  | { id: number; kind: 'lazy'; make: () => Rule }

/** What no text is of. */
export const never: Rule = { id: newId(), kind: 'choice', options: [] }
export const nothing: Rule = { id: newId(), kind: 'sequence', parts: [] }

export const terminal = (start: State): Rule => ({ id: newId(), kind: 'terminal', start })

export function inRow(...parts: readonly Rule[]): Rule {
  return parts.includes(never) ? never : { id: newId(), kind: 'sequence', parts }
}

export function either(...options: readonly Rule[]): Rule {
  const possible = options.filter((option) => option !== never)
  if (possible.length < 2) return possible[0] ?? never
  return { id: newId(), kind: 'choice', options: possible }
}

/** A body that is never empty, so many times. */
export function times(body: Rule, min: number, max: number): Rule {
  if (body === never || max < 1) return min > 0 ? never : nothing
  return min > max ? never : { id: newId(), kind: 'repeat', body, min, max }
}

/** Made once, and only where it is reached: rules may hold themselves. */
export function lazy(make: () => Rule): Rule {
  let made: Rule | undefined
  return { id: newId(), kind: 'lazy', make: () => (made ??= make()) }
}

/** Terminals of expressions; those that share parts share their states. */
export function terminals(): { match(regex: Regex): Rule; text(text: string): Rule } {
  const stateOf = automata()
  const known = new Map<string, Rule>()
  return {
    match: (regex) => terminal(stateOf(regex)),
    text(text) {
      const rule = known.get(text) ?? terminal(stateOf(literal(text)))
      known.set(text, rule)
      return rule
    },
  }
}
