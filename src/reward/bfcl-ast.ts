// BFCL's AST check as a reward: calls against function schemas and accepted values, or against the calls of a hone row.
import { ownOf } from '../error.ts'
import type { Call } from '../dialogue/call/format.ts'
import { findFormat } from '../dialogue/call.ts'
import { isWellFormed, MATCHING, type AstCase, type Matching } from '../eval/bfcl/checker.ts'
import { isObject, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { fromJson } from '../text/python/json.ts'
import { PythonError } from '../text/python/value.ts'
import { expectedCalls } from './calls.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

/**
 * 1 where the calls that the parser reads pass BFCL's check for Python. The row gives the schemas as `function` (BFCL) or `tools`, and
 * what is right as BFCL's possible answers [{name: {argument: [accepted]}}] or as calls. Where no call is right, no readable call is.
 */
export function bfclScorer(parserName: string): (sample: Sample) => Verdict {
  const parser = findFormat(parserName)
  return ({ completion, truth, row }) => {
    try {
      const expected = expectedAnswers(truth)
      const { calls, fault } = parser.parse(completion)
      if (expected.length === 0) return verdict(calls.length === 0 ? null : 'irrelevance_error:decoder_success')
      if (fault !== null) return verdict('ast_decoder:decoder_failed')
      const functions = schemasOf(row)
      const answer = possibleAnswers(expected, functions)
      const test: AstCase = { functions: functions.map(fromJson), answer: answer.map(fromJson) }
      const decoded = fromJson(calls.map(named))
      if (!isWellFormed(decoded)) return verdict('ast_decoder:decoder_wrong_output_format')
      return verdict(
        MATCHING[matchingOf(answer, functions)](decoded, test, { language: 'python', underscoreToDot: false }),
      )
    } catch (error) {
      return error instanceof PythonError ? faulty(new Raised(error.type, error.message)) : faulty(error)
    }
  }
}

function verdict(error: string | null): Verdict {
  const score = error === null ? 1 : 0
  return { score, parts: { ast: score }, fault: null, reasons: error === null ? [] : [error] }
}

function matchingOf(answer: Json[], functions: Json[]): Matching {
  return answer.length > 1 ? 'parallel' : functions.length > 1 ? 'multiple' : 'simple'
}

/** What is right: BFCL's possible answers, or calls. */
function expectedAnswers(truth: Sample['truth']): JsonObject[] {
  const value: Json = typeof truth === 'string' ? parseJson(truth) : [...truth]
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : []
}

function possibleAnswers(expected: JsonObject[], functions: readonly JsonObject[]): JsonObject[] {
  if (!expected.some((item) => Object.hasOwn(item, 'arguments'))) return expected
  return expectedCalls(expected).map((call) => {
    const schema = functions.find(({ name }) => name === call.name)
    return accepting(call, isObject(schema?.['parameters']) ? schema['parameters']['properties'] : undefined)
  })
}

/** A call as the only accepted answer. */
function accepting({ name, arguments: values }: Call, properties: Json | undefined): JsonObject {
  if (!isObject(values)) throw new Raised('TypeError', 'the arguments of an expected call must be an object')
  const accepted = Object.entries(values).map(([key, value]) => {
    const property = isObject(properties) ? ownOf(properties, key) : undefined
    return [key, [inAcceptedForm(value, isObject(property) ? property : {})]]
  })
  return { [name]: Object.fromEntries(accepted) }
}

/** BFCL's checkers of a dict, and of a list of dicts, take each value of a dict as the list of those accepted; deeper ones are compared as they are. */
function inAcceptedForm(value: Json, { type, items }: JsonObject): Json {
  if (type === 'dict' && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, [item]]))
  const ofDicts = type === 'array' && isObject(items) && items['type'] === 'dict'
  return ofDicts && Array.isArray(value) ? value.map((item) => inAcceptedForm(item, items)) : value
}

const named = ({ name, arguments: values }: Call): JsonObject => ({ [name]: values })

function schemasOf(row: JsonObject | undefined): JsonObject[] {
  const given = row?.['function'] ?? row?.['tools']
  const list = typeof given === 'string' ? parseJson(given) : given
  const schemas = Array.isArray(list) ? list.filter((schema) => isObject(schema)) : []
  if (schemas.length === 0) throw new Raised('KeyError', 'the row has no "function" and no "tools"')
  return schemas.map((schema) => {
    const parameters = isObject(schema['parameters']) ? schema['parameters'] : {}
    return { ...schema, parameters: { required: [], properties: {}, ...inBfclTypes(parameters) } }
  })
}

const BFCL_TYPES: Record<string, string> = { object: 'dict', number: 'float' }

/** JSON Schema's type names as BFCL's; a property without a type takes any. */
function inBfclTypes(schema: JsonObject): JsonObject {
  const { type, properties, items } = schema
  return {
    ...schema,
    type: typeof type === 'string' ? (BFCL_TYPES[type] ?? type) : 'any',
    ...(isObject(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, each]) => [key, isObject(each) ? inBfclTypes(each) : each]),
      ),
    }),
    ...(isObject(items) && { items: inBfclTypes(items) }),
  }
}
