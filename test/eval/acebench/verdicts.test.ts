// Verdict for verdict against both versions of ACEBench's checker, over all lines of the shared file.
import { expect, test } from 'bun:test'
import { categories, LANGUAGES, readCategory, type AceQuestion } from '../../../src/eval/acebench/data.ts'
import { failsItself } from '../../../src/eval/acebench/defects.ts'
import { checkers, judge } from '../../../src/eval/acebench/judge.ts'
import { isObject } from '../../../src/text/json.ts'
import { readRecords } from '../../../src/text/jsonl.ts'
import { sharedPath } from '../../shared.ts'

const lines = sharedPath('verdicts', 'acebench.jsonl.gz')
const folder = sharedPath('data', 'acebench')

test.skipIf(!lines || !folder)(
  'every line of the shared verdicts has the original’s verdict and error type in both versions',
  async () => {
    const rows = new Map<string, AceQuestion>()
    for (const version of ['v2510', 'v2508']) {
      for (const category of Object.keys(categories)) {
        for (const language of LANGUAGES) {
          for (const [id, row] of await readCategory(folder!, category, language))
            rows.set(`${version} ${language} ${id}`, row)
        }
      }
    }
    const wrong: unknown[] = []
    let compared = 0
    for await (const { line, value } of readRecords(lines!)) {
      if (!isObject(value)) throw new Error(`line ${line} is no object`)
      compared++
      const { lang, id, response } = value
      for (const version of ['v2510', 'v2508']) {
        const row = rows.get(`${version} ${String(lang)} ${String(id)}`)
        const checker = checkers[version]
        if (!row || !checker) throw new Error(`line ${line} names an unknown row`)
        const differs = version === 'v2508' && 'verdict_v2508' in value
        const [verdict, error_type] = differs
          ? [value['verdict_v2508'], value['error_type_v2508']]
          : [value['verdict'], value['error_type']]
        const got = judge(row, response ?? null, checker)
        if (!Bun.deepEquals(got, { verdict, error_type, fault: null }))
          wrong.push({ line, version, got, verdict, error_type, id, mutation: value['mutation'], response })
      }
    }
    if (process.env['HONE_SHOW']) for (const item of wrong.slice(0, 30)) console.log(JSON.stringify(item).slice(0, 600))
    expect(compared).toBeGreaterThan(3000)
    expect(wrong.length).toBe(0)
  },
  60_000,
)

test.skipIf(!folder)(
  'the rows that refuse their own answer are those that were counted with the original: 29 in English, 8 in Chinese',
  async () => {
    const checker = checkers['v2510']!
    const failing = { en: 0, zh: 0 }
    for (const language of LANGUAGES) {
      for (const category of Object.keys(categories)) {
        for (const row of (await readCategory(folder!, category, language)).values())
          if (failsItself(row, checker)) failing[language]++
      }
    }
    expect(failing).toEqual({ en: 29, zh: 8 })
  },
)
