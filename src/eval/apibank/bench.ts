// API-Bank in ToolRL's form as a benchmark.
import type { Message } from '../../dialogue/row.ts'
import { HoneError } from '../../error.ts'
import { dumpJson, isObject } from '../../text/json.ts'
import type { Benchmark, Judged, NamedScore, Response } from '../benchmark.ts'
import { modeOf } from '../bfcl/decode.ts'
import { wilson } from '../statistics.ts'
import { tally } from '../tally.ts'
import { judgeApiBank, LEVELS, readApiBank, type ApiBankRow } from './judge.ts'

export const apibank: Benchmark = {
  what: 'API-Bank levels 1 to 3 in ToolRL’s form: one right line makes a row right',
  forms: { text: 'native', chat: 'native' },
  categories: [],
  async *items(folder) {
    for (const { id, system, user } of (await readApiBank(folder)).values()) {
      const messages: Message[] = [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ]
      yield { record: { id }, asked: { messages, tools: [] } }
    }
  },
  mode: modeOf,
  reader: (mode) => mode,
  parsed: (calls) => ({
    response: calls.map(({ name, arguments: values }) => dumpJson({ name, parameters: values })).join('\n'),
  }),
  async open(folder) {
    const rows = await readApiBank(folder)
    return {
      judge({ record, at }: Response): Judged {
        const { id, response = null } = record
        const row = rows.get(String(id))
        if (!row) throw new HoneError(`Cannot judge the response: API-Bank has no row ${JSON.stringify(id)}`, { at })
        const result = judgeApiBank(row, response)
        return { id: row.id, category: `level ${row.level}`, score: result.score, judgement: { ...result }, response }
      },
      scores,
      notes(judged) {
        const absent = judged.filter(({ id }) => !offersItsTool(rows.get(id)))
        return absent.length === 0
          ? []
          : [
              `${absent.length} of your responses answer rows whose prompt does not list the expected tool: ${ids(absent)}`,
            ]
      },
    }
  },
}

/** The prompt lists tools as `1. Name: X`, in level 3 as `1. X: description`. */
export function offersItsTool(row: ApiBankRow | undefined): boolean {
  if (!row || !isObject(row.answer)) return true
  const offered = [...row.system.matchAll(/^\d+\. (?:Name: )?([^:\n]+)/gm)].map(([, name]) => name)
  return offered.includes(String(row.answer['name']))
}

function ids(judged: readonly Judged[]): string {
  return [...new Set(judged.map(({ id }) => id))].join(', ')
}

/** Levels, and all rows pooled. */
function scores(judged: readonly Judged[]): NamedScore[] {
  const levels = LEVELS.flatMap((level) => {
    const members = judged.filter(({ category }) => category === `level ${level}`)
    if (members.length === 0) return []
    const { interval } = tally(`level ${level}`, members)
    return [
      {
        name: `level ${level}`,
        value: interval.estimate,
        low: interval.low,
        high: interval.high,
        what: 'share of rows, Wilson’s interval',
      },
    ]
  })
  const right = judged.filter(({ score }) => score === 1).length
  const { estimate, low, high } = wilson(right, judged.length)
  return [...levels, { name: 'overall', value: estimate, low, high, what: 'share of all rows, Wilson’s interval' }]
}
