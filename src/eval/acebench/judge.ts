// A response to one ACEBench row → verdict, as the checker of October 2025 (v2510) or August 2025 (v2508) reaches it.
import type { Json } from '../../text/json.ts'
import { contains, getItem, itemsOf, iterate } from '../../text/python/container.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import { words } from '../../text/python/text.ts'
import { fromJson } from '../../text/python/json.ts'
import { Dict, PythonError, type Py } from '../../text/python/value.ts'
import { resolveCall, type BareCall } from '../bfcl/python-calls.ts'
import { faulty, RIGHT, wrong, type Verdict } from '../verdict.ts'
import { checkCall } from './call.ts'

export interface AceRow {
  id: string
  category: string
  functions: Py[]
  /** Expected calls {name: arguments}, a list of such alternatives, or what a special category names. */
  answer: Py
}

/** Which text of a response a version of the checker decodes. */
export interface Checker {
  what: string
  callsOf(response: string): string
}

export const checkers: Record<string, Checker> = {
  v2510: { what: 'repository of October 2025: the first outermost pair of brackets', callsOf: outermostBrackets },
  v2508: { what: 'repository of August 2025: the response without any white space', callsOf: withoutSpace },
}

/** @throws nothing: where the original crashes, the verdict carries the exception's name as fault. */
export function judge(row: AceRow, response: Json, checker: Checker): Verdict {
  try {
    const error = row.category.startsWith('special') ? checkSpecial(row, response) : checkNormal(row, response, checker)
    return error === null ? RIGHT : wrong(error)
  } catch (error) {
    if (error instanceof PythonError) return faulty(error.type)
    throw error
  }
}

function checkNormal(row: AceRow, response: Json, checker: Checker): string | null {
  // Dialogues are read without white space by both versions.
  const callsOf = row.category.startsWith('normal_multi_turn') ? withoutSpace : checker.callsOf
  const calls = decode(response, callsOf)
  if (!calls) return 'wrong_output_format'
  let first: string | null = null
  const alternatives: Py[] = Array.isArray(row.answer) ? row.answer : [row.answer]
  for (const alternative of alternatives) {
    const error = checkCalls(row.functions, calls, alternative)
    if (error === null) return null
    first ??= error
  }
  return first
}

function decode(response: Json, callsOf: (text: string) => string): Py[] | undefined {
  if (typeof response !== 'string') return undefined
  try {
    const body = parseExpression(callsOf(response))
    if (body.kind !== 'List' && body.kind !== 'Tuple' && body.kind !== 'Set') return undefined
    return body.items.map((item) => {
      if (item.kind !== 'Call') throw new PythonError('AssertionError', 'an item of the list is no call')
      return resolveCall(item, emptyCall)
    })
  } catch (error) {
    // Python's own stack ends as well, with a RecursionError.
    if (error instanceof PythonError || error instanceof RangeError) return undefined
    throw error
  }
}

const emptyCall: BareCall = (call) => resolveCall(call, emptyCall)

/** As many calls as expected, the same names as often, and for each expected call some call of its name that is right: calls are not used up. */
function checkCalls(functions: Py[], calls: Py[], answer: Py): string | null {
  const expected = [...itemsOf(answer)].map(([key, value]): { key: Py; call: Dict } => ({
    key,
    call: new Dict([[withoutNumber(key), value]]),
  }))
  if (calls.length !== expected.length) return 'wrong functions number'
  const wanted = expected.map(({ call }) => nameOf(call))
  const given = calls.map((call) => nameOf(call))
  if (wanted.toSorted().join('\n') !== given.toSorted().join('\n')) return 'function_mismatch'
  for (const { key, call } of expected) {
    const schema = functions.find((item) => contains(key, getItem(item, 'name')))
    // The error reported is that of the last call looked at.
    let error: string | null = null
    for (const [i, candidate] of calls.entries()) {
      error = given[i] === nameOf(call) ? checkCall(schema, candidate, call) : 'simple_function_checker:unclear'
      if (error === null) break
    }
    if (error !== null) return error
  }
  return null
}

/** Repeated functions carry _1, _2 … in the answer; names that end so by nature lose it too. */
export function withoutNumber(name: Py): Py {
  return typeof name === 'string' ? name.replace(/_\p{Nd}+(?=\n?$)/u, '') : name
}

function nameOf(call: Py): string {
  return String([...itemsOf(call)][0]?.[0])
}

/** A special category asks for phrases: one of its own, and the names or values at fault. */
function checkSpecial({ category, answer }: AceRow, response: Json): string | null {
  const says = (text: Py) => contains(fromJson(response), text)
  if (category.includes('irrelevant')) return says('the limitations of the function') ? null : 'error_detection'
  const incomplete = category.includes('incomplete')
  let error: string | null = null
  for (const [name, values] of itemsOf(answer)) {
    if (!says(incomplete ? 'Missing necessary parameters' : 'There is incorrect value')) error = 'error_detection'
    else if ((incomplete && !says(name)) || [...iterate(values)].some((value) => !says(value)))
      error = 'error_correction'
  }
  return error
}

/** "[…]" from the first bracket that opens at depth 0 to the one that closes it; quotes are not considered. */
function outermostBrackets(text: string): string {
  let start = -1
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') {
      if (depth === 0) start = i
      depth++
    } else if (text[i] === ']') {
      depth--
      if (depth === 0 && start >= 0) return text.slice(start, i + 1)
    }
  }
  throw new PythonError('TypeError', 'no brackets')
}

function withoutSpace(text: string): string {
  return words(text).join('')
}
