// Answers that a benchmark keeps in a file beside its questions.
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isObject, type Json } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'

/** The field `key` of every row of `folder`/NAME beside `path`, by id; empty where there is no such file. @throws HoneError where it is malformed. */
export async function readCompanion(path: string, folder: string, key: string): Promise<Map<string, Json>> {
  const answers = new Map<string, Json>()
  const beside = join(dirname(path), folder, basename(path))
  if (path === '-' || !existsSync(beside)) return answers
  for await (const { value } of readRecords(beside)) {
    if (!isObject(value) || typeof value['id'] !== 'string' || value[key] === undefined) continue
    answers.set(value['id'], value[key])
  }
  return answers
}
