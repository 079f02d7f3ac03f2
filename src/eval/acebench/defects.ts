// Rows of ACEBench that no answer passes: the checker refuses their own expected calls.
import { repr, str } from '../../text/python/repr.ts'
import { Dict, type Py } from '../../text/python/value.ts'
import { judge, withoutNumber, type AceRow, type Checker } from './judge.ts'

/** Rows whose own expected calls the checker refuses; special categories expect phrases, which they hold. */
export function failsItself(row: AceRow, checker: Checker): boolean {
  if (row.category.startsWith('special')) return false
  const alternatives: Py[] = Array.isArray(row.answer) ? row.answer : [row.answer]
  return alternatives.every((calls) => !judge(row, callSource(calls), checker).verdict)
}

/** Expected calls as a model would write them: repeated functions without their numbers. */
function callSource(calls: Py): string {
  if (!(calls instanceof Dict)) return ''
  const spelt = [...calls.entries()].map(([name, values]) => {
    const given =
      values instanceof Dict ? [...values.entries()].map(([key, value]) => `${str(key)}=${repr(value)}`) : []
    return `${str(withoutNumber(name))}(${given.join(', ')})`
  })
  return `[${spelt.join(', ')}]`
}
