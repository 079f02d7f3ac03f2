// ACEBench's check of one call against a function and its expected arguments; null means right, else the error type.
import { contains, getItem, iterate, itemsOf, lengthOf } from '../../text/python/container.ts'
import { Dict, equal, float, PythonError, Tuple, typeName, type Py } from '../../text/python/value.ts'
import { checkDict, checkDicts, checkList, checkString, withBooleans } from './values.ts'

/** Schema type → name of the Python type; `enum` names a type that no value has. */
const TYPES: Record<string, string> = {
  string: 'str',
  integer: 'int',
  int: 'int',
  number: 'int',
  float: 'float',
  boolean: 'bool',
  array: 'list',
  tuple: 'list',
  list: 'list',
  objectArray: 'list',
  'list(string)': 'list',
  'list(enum)': 'list',
  dict: 'dict',
  object: 'dict',
  any: 'str',
  enum: 'enumerate',
}
const NESTED = ['array', 'tuple', 'list(string)', 'list(enum)', 'object', 'objectArray']

/** @param call {name: arguments} @param answer {name: expected arguments} @throws PythonError where the original raises */
export function checkCall(schema: Py | undefined, call: Py, answer: Py): string | null {
  const [[calledName = null, given = null] = []] = [...itemsOf(call)]
  const [[, expected = null] = []] = [...itemsOf(answer)]
  const parameters = getItem(schema, 'parameters')
  const [noArguments, noParameters] = [isEmpty(given), isEmpty(parameters)]
  if (noArguments && noParameters) return null
  if (noArguments || noParameters) return 'wrong_param'
  const properties = getItem(parameters, 'properties')
  if (equal(expected, properties)) return null
  if (isEmpty(expected)) return 'wrong_param'
  const name = getItem(schema, 'name')
  if (!equal(name, calledName)) return 'wrong_function_name'

  for (const parameter of iterate(getItem(parameters, 'required'))) if (!contains(given, parameter)) return 'lack_args'
  for (const [parameter, value] of itemsOf(given)) {
    if (!contains(properties, parameter) || !contains(expected, parameter)) return 'addition_args'
    const error = checkArgument(getItem(properties, parameter), value, getItem(expected, parameter))
    if (error !== null) return error
  }
  return null
}

/** A value of another type than the schema states is a variable: it is not compared. Numbers and booleans never are. */
function checkArgument(property: Py, given: Py, expected: Py): string | null {
  const schemaType = getItem(property, 'type')
  const type = pythonType(schemaType)
  const nested = NESTED.includes(String(schemaType)) ? pythonType(itemType(property, schemaType)) : null
  let value = schemaType === 'tuple' && given instanceof Tuple ? given.items : given
  if (schemaType === 'float' && typeName(value) === 'int') value = toFloat(value)
  const { valid, isVariable } = checkType(value, expected, type, nested)
  if (!valid) return 'type_error'
  if (isVariable) return null
  if (type === 'dict') return checkDict(value, expected)
  if (type === 'str') return checkString(value, expected)
  if (type !== 'list' || !Array.isArray(value)) return null
  if (nested !== 'dict') return checkList(value, expected)
  if (schemaType === 'objectArray') {
    if (value.length !== lengthOf(expected)) return 'value_error:dict_items'
    if (value.length > 0)
      throw new PythonError('TypeError', "dict_checker() missing 1 required positional argument: 'func_name'")
  }
  return checkDicts(value, expected)
}

function checkType(
  given: Py,
  expected: Py,
  type: string,
  nested: string | null,
): { valid: boolean; isVariable: boolean } {
  const expectedType = expected === '' ? null : typeName(expected)
  const isVariable = expectedType !== null && expectedType !== type
  const value = withBooleans(given)
  const isType = typeName(value) === type
  if (isType) {
    if (nested === null) return { valid: true, isVariable }
    for (const item of iterate(expected)) {
      if (!Array.isArray(item) || [...iterate(value)].every((element) => checkType(element, item, nested, null).valid))
        return { valid: true, isVariable }
    }
  }
  const asVariable = expectedType !== null && (typeName(value) === expectedType || equal(expected, value))
  return { valid: asVariable && !isType, isVariable: true }
}

/** `items.type`, or what the type's own name says of its items. */
function itemType(property: Py, schemaType: Py): Py {
  try {
    return getItem(getItem(property, 'items'), 'type')
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    return contains(schemaType, 'string') ? 'string' : contains(schemaType, 'enum') ? 'enum' : 'dict'
  }
}

function pythonType(schemaType: Py): string {
  const type = typeof schemaType === 'string' && Object.hasOwn(TYPES, schemaType) ? TYPES[schemaType] : undefined
  if (type !== undefined) return type
  const unhashable = Array.isArray(schemaType) || schemaType instanceof Dict
  throw new PythonError(unhashable ? 'TypeError' : 'KeyError', String(schemaType))
}

function isEmpty(value: Py): boolean {
  return value instanceof Dict && value.size === 0
}

function toFloat(value: Py): Py {
  const converted = Number(value)
  if (!Number.isFinite(converted)) throw new PythonError('OverflowError', 'int too large to convert to float')
  return float(converted)
}
