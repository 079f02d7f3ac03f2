// How values are laid out: their spelling, the space between them, and the order of members.
import { automata, choice, literal, oneOf, optional, repeat, sequence, type Regex } from './regular.ts'
import { charactersBut, type Spelling } from './spelling.ts'
import { without } from './scan.ts'
import { terminal, terminals, type Rule } from './rule.ts'

export interface LayoutOptions {
  /** After commas and colons: a space as the format writes it, or perhaps one, as models write it. */
  space?: 'written' | 'perhaps'
  /** Of the members of objects. */
  order?: 'any' | 'schema'
}

export interface Layout {
  spelling: Spelling
  order: 'any' | 'schema'
  space: Regex
  /** Terminals of one expression, and of one text. */
  match(regex: Regex): Rule
  text(text: string): Rule
  comma: Rule
  /** The key of a member, up to its value. */
  key(name: string): Rule
  /** Any other key. */
  keyBut(names: readonly string[]): Rule
}

export function layoutOf(spelling: Spelling, { space: spaced = 'perhaps', order = 'any' }: LayoutOptions = {}): Layout {
  const { match, text } = terminals()
  const space = spaced === 'written' ? literal(' ') : optional(literal(' '))
  const quoted = sequence(literal('"'), repeat(charactersBut('"'), 0, Infinity), literal('"'))
  return {
    spelling,
    order,
    space,
    match,
    text,
    comma: match(sequence(literal(','), space)),
    key: (name) => match(sequence(literal(spelling.value(name)), literal(':'), space)),
    keyBut(names) {
      // Escapes are left out, so that no name can be spelt in another way.
      const others = without(
        automata()(sequence(quoted, literal(':'), space)),
        names.flatMap((name) => [`"${name}":`, `"${name}": `]),
      )
      return terminal(others)
    },
  }
}

/** A name of a Python program that is none of some, and the sign after it. */
export function argumentBut(names: readonly string[]): Rule {
  const letters = oneOf('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_')
  const name = sequence(letters, repeat(choice(letters, oneOf('0123456789')), 0, Infinity), literal('='))
  return terminal(
    without(
      automata()(name),
      names.map((each) => `${each}=`),
    ),
  )
}
