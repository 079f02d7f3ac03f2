// Values beside the JSON Schemas of hone, as another validator reads them.
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020'
import { jsonSchemaOf } from '../src/job/schema.ts'

const ajv = new Ajv({ strictTypes: false, formats: { uri: URL.canParse } })
const compiled = new Map<string, ValidateFunction>()

/** What is wrong with a value that should be as that schema says. */
export function errorsOf(name: string, value: unknown): ErrorObject[] {
  const check = compiled.get(name) ?? ajv.compile({ ...jsonSchemaOf(name) } as object)
  compiled.set(name, check)
  check(value)
  return check.errors ?? []
}
