// Findings between rows: what a row has in common with an earlier one of the same run.
import type { RowKeys, Rule } from './rule.ts'

type AcrossRule = Extract<Rule, { on: 'across' }>

/** A finding of a rule about two rows; it stands at the later one. */
export interface AcrossFound {
  rule: AcrossRule
  message: string
}

/** Compares each row with those before it, in the order of the file. Memory is a hash and a line number per row and rule. */
export function acrossOf(rules: readonly Rule[]) {
  const memories = rules
    .filter((rule): rule is AcrossRule => rule.on === 'across')
    .map((rule) => ({ rule, first: new Map<bigint, { line: number; differs: bigint }>() }))
  return {
    check(keys: RowKeys, line: number): AcrossFound[] {
      const found: AcrossFound[] = []
      for (const { rule, first } of memories) {
        const key = rule.of(keys)
        const differs = rule.differsIn?.(keys) ?? 0n
        const earlier = first.get(key)
        if (earlier === undefined) first.set(key, { line, differs })
        else if (rule.differsIn === undefined || earlier.differs !== differs) {
          const fault = rule.check(earlier.line)
          if (fault && !('length' in fault)) found.push({ rule, message: fault.message })
        }
      }
      return found
    },
  }
}
