// Function descriptions of benchmarks as tools.
import type { Tool } from '../dialogue/row.ts'
import { isObject, type Json } from '../text/json.ts'

/** As they are: the types of a benchmark are part of what it asks. `hint` is added to each description. */
export function toolsOf(docs: Json, hint = ''): Tool[] {
  if (!Array.isArray(docs)) return []
  return docs.filter(isObject).map(({ name, description, parameters, arguments: values }) => ({
    name: String(name ?? ''),
    description: String(description ?? '') + hint,
    parameters: isObject(parameters) ? parameters : isObject(values) ? values : {},
  }))
}
