// BFCL's check of one call against one function's schema and accepted values; null means right, else the error type.
import { Float } from '../../text/json.ts'
import { contains, getItem, iterate, itemsOf } from '../../text/python/container.ts'
import { Dict, float, PythonError, Tuple, typeName, type Py } from '../../text/python/value.ts'
import { javaValue } from './java-value.ts'
import { javascriptValue } from './javascript-value.ts'
import { checkType, NESTED, TYPES, type Language } from './types.ts'
import { checkDict, checkDicts, checkList, checkString } from './values.ts'

export interface CallOptions {
  language: Language
  /** The model's configuration replaces the dots of a function's name by underscores. */
  underscoreToDot: boolean
}

/** Text of a source language → Python value of a schema type. */
const CONVERTERS = { java: javaValue, javascript: javascriptValue }
const WRONG_TYPE = { java: 'type_error:java', javascript: 'type_error:js' }

/**
 * @param schema the function's description; undefined where no function has the expected name
 * @param call {name: {argument: value}}
 * @param answer {name: {argument: accepted values}}
 * @throws PythonError where the original raises
 */
export function checkCall(
  schema: Py | undefined,
  call: Py,
  answer: Py,
  { language, underscoreToDot }: CallOptions,
): string | null {
  const accepted = [...itemsOf(answer)][0]?.[1]
  if (accepted === undefined) throw new PythonError('IndexError', 'list index out of range')
  const name = getItem(schema, 'name')
  const parameters = getItem(schema, 'parameters')
  const properties = getItem(parameters, 'properties')
  const required = getItem(parameters, 'required')

  const expectedName = typeof name === 'string' && underscoreToDot ? name.replaceAll('.', '_') : name
  if (!contains(call, expectedName)) return 'simple_function_checker:wrong_func_name'
  const given = getItem(call, expectedName)
  for (const parameter of iterate(required)) {
    if (!contains(given, parameter)) return 'simple_function_checker:missing_required'
  }
  for (const [parameter, value] of itemsOf(given)) {
    if (!contains(properties, parameter) || !contains(accepted, parameter))
      return 'simple_function_checker:unexpected_param'
    const error = checkArgument(getItem(properties, parameter), value, getItem(accepted, parameter), language)
    if (error !== null) return error
  }
  for (const [parameter, values] of itemsOf(accepted)) {
    if (!contains(given, parameter) && !contains(values, '')) return 'simple_function_checker:missing_optional'
  }
  return null
}

function checkArgument(property: Py, given: Py, accepted: Py, language: Language): string | null {
  const schemaType = getItem(property, 'type')
  const expected = pythonType(language, schemaType)
  if (language !== 'python' && typeof given !== 'string') return WRONG_TYPE[language]

  const nestedType = NESTED[language].includes(String(schemaType)) ? getItem(getItem(property, 'items'), 'type') : null
  const nested = nestedType === null ? null : pythonType(language, nestedType)
  let value = given
  if (language !== 'python' && typeof given === 'string')
    value = CONVERTERS[language](given, String(schemaType), nestedType === null ? null : String(nestedType))
  if (schemaType === 'tuple' && value instanceof Tuple) value = value.items
  if (language === 'python' && schemaType === 'float' && typeName(value) === 'int') value = intToFloat(value)

  const { error, isVariable } = checkType(value, accepted, expected, nested)
  if (error !== null) return error
  if (!isVariable) {
    if (expected === 'dict') return checkDict(value, iterate(accepted))
    if (expected === 'list' && Array.isArray(value))
      return nested === 'dict' ? checkDicts(value, accepted) : checkList(value, accepted)
    if (expected === 'str' && typeof value === 'string') return checkString(value, accepted)
  }
  return contains(accepted, value) ? null : 'value_error:others'
}

function pythonType(language: Language, schemaType: Py): string {
  const types: Record<string, string> = TYPES[language]
  const type = typeof schemaType === 'string' && Object.hasOwn(types, schemaType) ? types[schemaType] : undefined
  if (type !== undefined) return type
  const unhashable = Array.isArray(schemaType) || schemaType instanceof Dict
  throw new PythonError(unhashable ? 'TypeError' : 'KeyError', String(schemaType))
}

function intToFloat(value: Py): number | Float {
  const converted = Number(value)
  if (!Number.isFinite(converted)) throw new PythonError('OverflowError', 'int too large to convert to float')
  return float(converted)
}
