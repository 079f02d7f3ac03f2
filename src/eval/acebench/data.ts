// ACEBench's data files by language: rows with functions, and the expected answers of either version of the checker.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../../error.ts'
import { isObject, type Json } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'
import { fromJson } from '../../text/python/json.ts'
import { type Py } from '../../text/python/value.ts'
import type { AceRow } from './judge.ts'

export const LANGUAGES = ['en', 'zh'] as const
export type AceLanguage = (typeof LANGUAGES)[number]

/** Category → its group, of which ACEBench averages the categories. */
export const categories = {
  normal_atom_bool: 'normal',
  normal_atom_enum: 'normal',
  normal_atom_list: 'normal',
  normal_atom_number: 'normal',
  normal_atom_object_deep: 'normal',
  normal_atom_object_short: 'normal',
  normal_single_turn_single_function: 'normal',
  normal_single_turn_parallel_function: 'normal',
  normal_multi_turn_user_adjust: 'normal',
  normal_multi_turn_user_switch: 'normal',
  normal_similar_api: 'normal',
  normal_preference: 'normal',
  special_incomplete: 'special',
  special_error_param: 'special',
  special_irrelevant: 'special',
} as const

export interface AceQuestion extends AceRow {
  language: AceLanguage
  question: string
  functionDocs: Json
  /** Date or profile that the prompt may state. */
  context: Json
}

/** Rows of one category. @throws HoneError where the file is absent or malformed. */
export async function readCategory(
  folder: string,
  category: string,
  language: AceLanguage,
): Promise<Map<string, AceQuestion>> {
  const name = `data_${category}.json`
  const base = join('data_all', `data_${language}`)
  const path = join(folder, base, name)
  if (!existsSync(path))
    throw new HoneError(`Cannot read ACEBench category ${category}: no such file`, {
      at: path,
      hint: 'expected a folder with data_all/data_en and data_all/data_zh',
    })
  const answerPath = join(folder, base, 'possible_answer', name)
  const answers = new Map<string, Py>()
  for await (const { value } of readRecords(answerPath)) {
    if (isObject(value)) answers.set(String(value['id']), fromJson(value['ground_truth'] ?? null))
  }
  const rows = new Map<string, AceQuestion>()
  for await (const { line, value } of readRecords(path)) {
    if (!isObject(value)) throw new HoneError('Cannot read a benchmark row: it is no object', { at: `${path}:${line}` })
    const { question, function: docs = [], time, profile } = value
    const id = String(value['id'])
    rows.set(id, {
      id,
      category,
      language,
      question: String(question ?? ''),
      functionDocs: docs,
      functions: Array.isArray(docs) ? docs.map(fromJson) : [],
      answer: answers.get(id) ?? null,
      context: time ?? profile ?? null,
    })
  }
  return rows
}
