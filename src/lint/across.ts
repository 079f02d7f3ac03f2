// Findings between rows: what a row has in common with an earlier one of the same run.
import type { RowKeys, Rule } from './rule.ts'

type AcrossRule = Extract<Rule, { on: 'across' }>

/** A finding of a rule about two rows; it stands at the later one. */
export interface AcrossFound {
  rule: AcrossRule
  message: string
}

/** Compares each row with those before it, in the order of the file. Memory is two numbers per row and rule. */
export function acrossOf(rules: readonly Rule[]) {
  const memories = rules
    .filter((rule): rule is AcrossRule => rule.on === 'across')
    .map((rule) => ({ rule, lines: new Map<number, number>(), values: new Map<number, number>() }))
  return {
    check(keys: RowKeys, line: number): AcrossFound[] {
      let found: AcrossFound[] = NONE
      for (const { rule, lines, values } of memories) {
        const key = rule.of(keys)
        const first = lines.get(key)
        if (first === undefined) {
          lines.set(key, line)
          if (rule.differsIn) values.set(key, rule.differsIn(keys))
        } else if (rule.differsIn === undefined || values.get(key) !== rule.differsIn(keys)) {
          const fault = rule.check(first)
          if (fault && !('length' in fault)) found = [...found, { rule, message: fault.message }]
        }
      }
      return found
    },
  }
}

const NONE: AcrossFound[] = []
