// BFCL's comparison of one argument with the accepted values, per kind of value; null means right, else the error type.
import { contains, getItem, iterate, itemsOf, lengthOf } from '../../text/python/container.ts'
import { includes, type Py } from '../../text/python/value.ts'
import { standardize, standardizeValue } from './standardize.ts'

/** Text: one of the accepted texts, both standardised. */
export function checkString(value: string, accepted: Py): string | null {
  const texts = [...iterate(accepted)].filter((item) => typeof item === 'string').map(standardize)
  return texts.includes(standardize(value)) ? null : 'value_error:string'
}

/** List: equal to one accepted list, in order, strings in it standardised; lists inside it are compared as they are. */
export function checkList(value: Py[], accepted: Py): string | null {
  const lists = [...iterate(accepted)].map((item) => {
    lengthOf(item)
    return [...iterate(item)].map(standardizeValue)
  })
  return includes(lists, value.map(standardizeValue)) ? null : 'value_error:list/tuple'
}

/** Dict: each key's value among that key's accepted values, for some accepted dict; "" among them makes a key optional. */
export function checkDict(value: Py, accepted: Iterable<Py>): string | null {
  let error: string | null = 'dict_checker:unclear'
  for (const alternative of accepted) {
    if (alternative === '') continue
    error = checkAlternative(value, alternative)
    if (error === null) return null
  }
  return error
}

/** A missing key is reported over a wrong value: the original looks for it last, whatever it found before. */
function checkAlternative(value: Py, alternative: Py): string | null {
  let error: string | null = null
  for (const [key, item] of itemsOf(value)) {
    if (!contains(alternative, key)) {
      error = 'value_error:dict_key'
      break
    }
    const values = getItem(alternative, key)
    lengthOf(values)
    if (!includes([...iterate(values)].map(standardizeValue), standardizeValue(item))) {
      error = 'value_error:dict_value'
      break
    }
  }
  for (const [key, values] of itemsOf(alternative)) {
    if (!contains(value, key) && !contains(values, '')) return 'value_error:dict_key'
  }
  return error
}

/** List of dicts: each dict right at its place, for some accepted list of the same length. */
export function checkDicts(value: Py[], accepted: Py): string | null {
  let error: string | null = 'list_dict_checker:unclear'
  for (const alternative of iterate(accepted)) {
    if (lengthOf(alternative) !== value.length) {
      error = 'value_error:list_dict_count'
      continue
    }
    error = null
    for (let i = 0; i < value.length && error === null; i++) error = checkDict(value[i]!, [getItem(alternative, i)])
    if (error === null) return null
  }
  return error
}
