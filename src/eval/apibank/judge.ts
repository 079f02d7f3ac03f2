// API-Bank in ToolRL's form: calls as JSON lines, one right line makes a row right.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../../error.ts'
import { equalJson, isObject, JsonError, parseJson, type Json } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'

export const LEVELS = [1, 2, 3] as const

export interface ApiBankRow {
  /** Level<l>_<index> */
  id: string
  level: number
  system: string
  user: string
  /** Expected call {name, parameters}: the first where the file lists several. */
  answer: Json
}

export interface Score {
  score: 0 | 1
  error_type: null
  fault: null
}

/** Rows of the three levels by id. @throws HoneError where a file is absent or malformed. */
export async function readApiBank(folder: string): Promise<Map<string, ApiBankRow>> {
  const rows = new Map<string, ApiBankRow>()
  for (const level of LEVELS) {
    const path = join(folder, `level-${level}-api_processed.json`)
    if (!existsSync(path))
      throw new HoneError(`Cannot read API-Bank level ${level}: no such file`, {
        at: path,
        hint: 'expected a folder with level-1-api_processed.json and so on',
      })
    const list = parseFile(await Bun.file(path).text(), path)
    for (const [index, item] of list.entries()) {
      if (!isObject(item)) throw new HoneError(`Cannot read a benchmark row: item ${index} is no object`, { at: path })
      const { system, user, answer = null } = item
      const id = `Level${level}_${index}`
      rows.set(id, {
        id,
        level,
        system: String(system ?? ''),
        user: String(user ?? ''),
        answer: Array.isArray(answer) ? (answer[0] ?? null) : answer,
      })
    }
  }
  return rows
}

/**
 * Is any line of the last <tool_call> block (of the whole text where there is none) the expected call? Lines that are no
 * JSON are skipped; a line that the original cannot compare, such as null, ends its search.
 */
export function judgeApiBank(row: ApiBankRow, response: Json): Score {
  const lines = typeof response === 'string' ? readLines(response) : []
  const decisive = lines.map((line) => compare(line, row.answer)).find((result) => result !== 'wrong')
  return { score: decisive === 'right' ? 1 : 0, error_type: null, fault: null }
}

function readLines(response: string): Json[] {
  const block = response.split('<tool_call>').at(-1) ?? ''
  return strip(block.split('</tool_call>')[0] ?? '')
    .split('\n')
    .flatMap(readable)
}

/** A line that lacks a name or parameters is taken for the parameters of the right tool. */
function compare(line: Json, answer: Json): 'right' | 'wrong' | 'stop' {
  const call = typeof line === 'string' ? readable(line)[0] : line
  if (call === undefined || call === null || !(typeof call === 'string' || Array.isArray(call) || isObject(call)))
    return 'stop'
  const hasBoth = ['name', 'parameters'].every((key) =>
    isObject(call) ? Object.hasOwn(call, key) : call.includes(key),
  )
  if (hasBoth && !isObject(call)) return 'stop'
  const expected = isObject(answer) ? answer : {}
  const [name, parameters] = hasBoth && isObject(call) ? [call['name'], call['parameters']] : [expected['name'], call]
  const same = (a: Json | undefined, b: Json | undefined) => equalJson(a ?? null, b ?? null, 'python')
  return same(name, expected['name']) && same(parameters, expected['parameters']) ? 'right' : 'wrong'
}

function readable(text: string): Json[] {
  try {
    return [parseJson(text)]
  } catch (error) {
    if (error instanceof JsonError) return []
    throw error
  }
}

function parseFile(text: string, path: string): Json[] {
  const [value] = readable(text)
  if (!Array.isArray(value)) throw new HoneError('Cannot read API-Bank: expected a JSON list', { at: path })
  return value
}
