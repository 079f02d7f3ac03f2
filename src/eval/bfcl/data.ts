// BFCL's data files: questions with functions, and the accepted answers beside them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../../error.ts'
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'
import { fromJson } from '../../text/python/json.ts'
import { type Py } from '../../text/python/value.ts'
import type { CategoryName } from './categories.ts'
import type { AstCase } from './checker.ts'

export interface BfclRow extends AstCase {
  id: string
  category: CategoryName
  /** Turns of messages; single-turn categories have one turn. */
  question: Json
  /** The function descriptions as the file has them. */
  functionDocs: Json
}

/** The rows of one category below a folder laid out as BFCL v4's data folder. @throws HoneError where the file is absent or malformed. */
export async function readCategory(folder: string, category: CategoryName): Promise<Map<string, BfclRow>> {
  const path = join(folder, `BFCL_v4_${category}.json`)
  if (!existsSync(path))
    throw new HoneError(`Cannot read BFCL category ${category}: no such file`, {
      at: path,
      hint: 'expected a folder with BFCL_v4_*.json and possible_answer/',
    })
  const answers = new Map<string, Py[]>()
  const answerPath = join(folder, 'possible_answer', `BFCL_v4_${category}.json`)
  if (existsSync(answerPath)) {
    for await (const { line, value } of readRecords(answerPath)) {
      answers.set(field(value, 'id', `${answerPath}:${line}`), listOf(value, 'ground_truth', `${answerPath}:${line}`))
    }
  }
  const rows = new Map<string, BfclRow>()
  for await (const { line, value } of readRecords(path)) {
    const at = `${path}:${line}`
    const id = field(value, 'id', at)
    const { question, function: functionDocs } = value as JsonObject
    rows.set(id, {
      id,
      category,
      question: question ?? null,
      functionDocs: functionDocs ?? [],
      functions: listOf(value, 'function', at),
      answer: answers.get(id) ?? [],
    })
  }
  return rows
}

function field(value: Json, key: string, at: string): string {
  const text = isObject(value) ? value[key] : undefined
  if (typeof text !== 'string') throw new HoneError(`Cannot read a benchmark row: it has no ${key}`, { at })
  return text
}

function listOf(value: Json, key: string, at: string): Py[] {
  const list = isObject(value) ? value[key] : undefined
  if (!Array.isArray(list)) throw new HoneError(`Cannot read a benchmark row: ${key} is no list`, { at })
  return list.map(fromJson)
}
