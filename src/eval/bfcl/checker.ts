// BFCL's AST check of decoded calls by kind of category: one call, one of several functions, or several calls in any order.
import { getItem, itemsOf } from '../../text/python/container.ts'
import { Dict, type Py } from '../../text/python/value.ts'
import { checkCall, type CallOptions } from './call.ts'

export type Matching = 'simple' | 'multiple' | 'parallel'

export interface AstCase {
  /** Function descriptions of the row. */
  functions: Py[]
  /** [{name: {argument: accepted values}}] */
  answer: Py[]
}

/** @returns null where the calls are right, else the error type. @throws PythonError where the original raises. */
export const MATCHING: Record<Matching, (calls: Py[], row: AstCase, options: CallOptions) => string | null> = {
  simple(calls, { functions, answer }, options) {
    if (calls.length !== 1) return 'simple_function_checker:wrong_count'
    return checkCall(getItem(functions, 0), calls[0]!, getItem(answer, 0), options)
  },
  multiple(calls, { functions, answer }, options) {
    if (calls.length !== answer.length) return 'multiple_function_checker:wrong_count'
    return checkCall(describe(functions, answer[0]!), getItem(calls, 0), answer[0]!, options)
  },
  /** For each expected call in order the first unused call that passes; no way back, as in the original. */
  parallel(calls, { functions, answer }, options) {
    if (calls.length !== answer.length) return 'parallel_function_checker_no_order:wrong_count'
    const used = new Set<number>()
    for (const expected of answer) {
      const schema = describe(functions, expected)
      const found = calls.findIndex((call, i) => !used.has(i) && checkCall(schema, call, expected, options) === null)
      if (found < 0) return 'parallel_function_checker_no_order:cannot_find_match'
      used.add(found)
    }
    return null
  },
}

/** A list of dicts of one key whose value is a dict: what BFCL takes for decoded calls; [] is one too. */
export function isWellFormed(decoded: Py): decoded is Py[] {
  return (
    Array.isArray(decoded) &&
    decoded.every((item) => item instanceof Dict && item.size === 1 && [...item.entries()][0]![1] instanceof Dict)
  )
}

/** The description of the expected function, by its name. */
function describe(functions: Py[], expected: Py): Py | undefined {
  const name = [...itemsOf(expected)][0]?.[0]
  return functions.find((item) => getItem(item, 'name') === name)
}
