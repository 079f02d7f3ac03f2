// Work of a stage that is no run: done once in a folder of its own, whose result says that it was.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { log } from '../../../out.ts'
import { writeFileAtomic } from '../../../text/jsonl.ts'

/** What the work came to, as it was kept where it was done before. `what` says whose work it is. */
export async function once<Schema extends v.GenericSchema>(
  folder: string,
  what: string,
  schema: Schema,
  work: () => Promise<v.InferInput<Schema>>,
): Promise<v.InferOutput<Schema>> {
  const result = join(folder, 'result.json')
  if (!existsSync(result)) {
    log(`${what} → ${folder}`)
    mkdirSync(folder, { recursive: true })
    writeFileAtomic(result, `${JSON.stringify(await work())}\n`)
  }
  return v.parse(schema, JSON.parse(readFileSync(result, 'utf8')))
}
