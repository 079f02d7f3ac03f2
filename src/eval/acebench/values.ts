// ACEBench's comparison of one argument with its one expected value, per kind of value; null means right, else the error type.
import { contains, getItem, itemsOf, iterate, lengthOf } from '../../text/python/container.ts'
import { str } from '../../text/python/repr.ts'
import { Dict, equal, PythonError, type Py } from '../../text/python/value.ts'
import { standardize, standardizeValue } from '../bfcl/standardize.ts'

/** Text: the expected text is contained in the given one, both standardised. */
export function checkString(value: Py, expected: Py): string | null {
  return standardize(textOf(value)).includes(standardize(textOf(expected))) ? null : 'value_error:string'
}

/** List: equal, in order, strings in it standardised. */
export function checkList(value: Py[], expected: Py): string | null {
  lengthOf(expected)
  return equal(value.map(standardizeValue), [...iterate(expected)].map(standardizeValue))
    ? null
    : 'value_error:list/tuple'
}

/** Dict: the same number of keys; the text of each expected leaf is contained in the text of the given one. */
export function checkDict(value: Py, expected: Py): string | null {
  if (!(value instanceof Dict)) return 'value_error'
  const size = [...itemsOf(expected)].length
  if (value.size !== size) return 'value_error'
  for (const [key, item] of value.entries()) {
    if (!contains(expected, key)) return 'value_error'
    const wanted = getItem(expected, key)
    if (wanted instanceof Dict) {
      const error = checkDict(withBooleans(item), wanted)
      if (error !== null) return error
    } else if (!str(standardizeValue(withBooleans(item))).includes(str(standardizeValue(wanted)))) return 'value_error'
  }
  return null
}

/** List of dicts: each dict right at its place. */
export function checkDicts(value: Py[], expected: Py): string | null {
  if (value.length !== lengthOf(expected)) return 'value_error:list_dict_count'
  for (const [i, item] of value.entries()) {
    const error = checkDict(item, getItem(expected, i))
    if (error !== null) return error
  }
  return null
}

/** The texts "true" and "false" stand for the booleans. */
export function withBooleans(value: Py): Py {
  return value === 'true' ? true : value === 'false' ? false : value
}

function textOf(value: Py): string {
  if (typeof value === 'string') return value
  throw new PythonError('TypeError', 'expected string or bytes-like object')
}
