// Whether a grammar reads a text: byte by byte, without a tokenizer.
import { machine, type Machine, type Place } from '../../../src/dialogue/grammar/machine.ts'
import { automata, next, type Regex, type State } from '../../../src/dialogue/grammar/regular.ts'
import type { Rule } from '../../../src/dialogue/grammar/rule.ts'

/** `whole` where the text is of the grammar, `begun` where it may become so. */
export function read(rule: Rule, text: string): 'whole' | 'begun' | 'broken' {
  const reader: Machine = machine(rule)
  let place: Place | null = reader.start
  for (const byte of Buffer.from(text)) place = place && reader.next(place, byte)
  return place === null ? 'broken' : place.ends ? 'whole' : 'begun'
}

/** A test for the texts of an expression. */
export function matcher(regex: Regex): (text: string) => boolean {
  const start = automata()(regex)
  return (text) => {
    let state: State | null = start
    for (const byte of Buffer.from(text)) state = state && next(state, byte)
    return state?.accepts ?? false
  }
}
