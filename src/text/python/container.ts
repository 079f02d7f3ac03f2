// What Python's containers answer to `in`, `len`, `[]` and iteration, or the exception they raise.
import { repr } from './repr.ts'
import { Dict, includes, PythonError, PySet, Tuple, typeName, type Py } from './value.ts'

/** `item in container`. @throws PythonError TypeError. */
export function contains(container: Py, item: Py): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item)
    throw new PythonError('TypeError', `'in <string>' requires string as left operand, not ${typeName(item)}`)
  }
  return container instanceof Dict ? container.has(item) : includes(iterate(container), item)
}

/** The items of `for item in container`. @throws PythonError TypeError for what cannot be iterated. */
export function iterate(container: Py): Iterable<Py> {
  if (typeof container === 'string' || Array.isArray(container)) return container
  if (container instanceof Dict) return container.keys()
  if (container instanceof Tuple || container instanceof PySet) return container.items
  throw new PythonError('TypeError', `'${typeName(container)}' object is not iterable`)
}

/** `len(container)`. @throws PythonError TypeError. */
export function lengthOf(container: Py): number {
  if (typeof container === 'string') return [...container].length
  if (Array.isArray(container)) return container.length
  if (container instanceof Dict) return container.size
  if (container instanceof Tuple || container instanceof PySet) return container.items.length
  throw new PythonError('TypeError', `object of type '${typeName(container)}' has no len()`)
}

/** `container[key]`. @throws PythonError KeyError, IndexError or TypeError. */
export function getItem(container: Py | undefined, key: Py): Py {
  if (container instanceof Dict) {
    const value = container.get(key)
    if (value === undefined) throw new PythonError('KeyError', repr(key))
    return value
  }
  const items =
    container instanceof Tuple ? container.items : typeof container === 'string' ? [...container] : container
  if (!Array.isArray(items))
    throw new PythonError('TypeError', `'${typeName(container ?? null)}' object is not subscriptable`)
  if (typeof key !== 'number') throw new PythonError('TypeError', 'indices must be integers')
  const item = items[key]
  if (item === undefined) throw new PythonError('IndexError', 'index out of range')
  return item
}

/** The entries of `container.items()`. @throws PythonError AttributeError for anything but a dict. */
export function itemsOf(container: Py): Iterable<[Py, Py]> {
  if (container instanceof Dict) return container.entries()
  throw new PythonError('AttributeError', `'${typeName(container)}' object has no attribute 'items'`)
}
