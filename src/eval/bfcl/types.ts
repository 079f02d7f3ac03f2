// BFCL's type test of one argument: Python types by schema type, and the rule that lets a variable stand for a value.
import { iterate } from '../../text/python/container.ts'
import { typeName, type Py } from '../../text/python/value.ts'

/** Schema type → name of the Python type, for functions in Python, Java and JavaScript. */
export const TYPES = {
  python: {
    string: 'str',
    integer: 'int',
    float: 'float',
    boolean: 'bool',
    array: 'list',
    tuple: 'list',
    dict: 'dict',
    any: 'str',
  },
  java: {
    byte: 'int',
    short: 'int',
    integer: 'int',
    float: 'float',
    double: 'float',
    long: 'int',
    boolean: 'bool',
    char: 'str',
    Array: 'list',
    ArrayList: 'list',
    Set: 'set',
    HashMap: 'dict',
    Hashtable: 'dict',
    Queue: 'list',
    Stack: 'list',
    String: 'str',
    any: 'str',
  },
  javascript: {
    String: 'str',
    integer: 'int',
    float: 'float',
    Bigint: 'int',
    Boolean: 'bool',
    dict: 'dict',
    array: 'list',
    any: 'str',
  },
} satisfies Record<string, Record<string, string>>

export type Language = keyof typeof TYPES

/** Schema types whose `items` are checked too. */
export const NESTED: Record<Language, readonly string[]> = {
  python: ['array', 'tuple'],
  java: ['Array', 'ArrayList'],
  javascript: ['array'],
}

export interface TypeCheck {
  error: string | null
  /** The accepted values have another type than the schema: the value is compared as it is. */
  isVariable: boolean
}

/**
 * Is `value` of Python type `expected`, and are its items of `nested` where given? One level only, as in the original.
 * A value of the type of the first accepted value passes as a variable, unless its items were of the wrong type.
 */
export function checkType(value: Py, accepted: Py, expected: string, nested: string | null): TypeCheck {
  const acceptedType = firstType(accepted)
  const isVariable = acceptedType !== null && acceptedType !== expected
  const type = typeName(value)
  const isExpected = type === expected
  if (isExpected) {
    if (nested === null) return { error: null, isVariable }
    for (const alternative of iterate(accepted)) {
      const fits =
        !Array.isArray(alternative) ||
        [...iterate(value)].every((item) => checkType(item, alternative, nested, null).error === null)
      if (fits) return { error: null, isVariable }
    }
  }
  if (type !== acceptedType) return { error: 'type_error:simple', isVariable: false }
  return { error: isExpected ? 'type_error:nested' : null, isVariable: true }
}

/** Type of the first accepted value that is not the mark "" of an optional argument. */
function firstType(accepted: Py): string | null {
  for (const item of iterate(accepted)) if (item !== '') return typeName(item)
  return null
}
