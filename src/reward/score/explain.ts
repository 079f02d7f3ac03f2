// Explains a verdict call by call: what was expected, what came, which argument differs and by which rule.
import { findFormat } from '../../dialogue/call.ts'
import { expectedCalls } from '../calls.ts'
import type { Sample, Verdict } from '../reward.ts'
import { type CallDifference, differencesOf, quote } from './difference.ts'

/** Lines for people: the verdict, then every expected call beside the one that is nearest to it. `parser` reads the completion. */
export function explain(sample: Sample, verdict: Verdict, name: string, parser: string): string[] {
  const lines = [
    `${name}: score ${verdict.score}${verdict.fault === null ? '' : `, fault ${verdict.fault}`}`,
    ...Object.entries(verdict.parts ?? {}).map(([part, value]) => `  ${part}: ${value ?? 'not applicable'}`),
    ...verdict.reasons.map((reason) => `  because: ${reason}`),
  ]
  const read = findFormat(parser).parse(sample.completion)
  lines.push(`thinking: ${read.think === null ? 'none' : quote(read.think)}`)
  if (read.fault !== null) lines.push(`the calls cannot be read: ${read.fault}`)
  if (read.rest !== '') lines.push(`other text: ${quote(read.rest)}`)
  const expected = safely(() => expectedCalls(sample.truth))
  if (!expected) return [...lines, `expected: ${quote(String(sample.truth))}`]
  if (expected.length === 0 && read.calls.length === 0) return [...lines, 'no call is expected and none was made']
  return [...lines, ...differencesOf(expected, read.calls).flatMap(linesOf)]
}

function linesOf({ expected, given, defects }: CallDifference, i: number): string[] {
  if (expected === undefined) return [`extra call: ${given}`]
  const title = `call ${i + 1}`
  if (given === undefined) return [`${title}: missing, expected ${expected}`]
  if (defects.length === 0) return [`${title}: right, ${expected}`]
  return [`${title}:`, `  expected ${expected}`, `  got      ${given}`, ...defects.map((defect) => `  - ${defect}`)]
}

/** What the truth expects as calls; undefined where it is a text of another kind. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
