// Verdict for verdict against the original AST checker, over all lines of the shared file.
import { expect, test } from 'bun:test'
import { categories, isCategory, type CategoryName } from '../../../src/eval/bfcl/categories.ts'
import { readCategory, type BfclRow } from '../../../src/eval/bfcl/data.ts'
import { decoders } from '../../../src/eval/bfcl/decode.ts'
import { loadGrammar } from '../../../src/eval/bfcl/grammar.ts'
import { judge } from '../../../src/eval/bfcl/judge.ts'
import { isObject } from '../../../src/text/json.ts'
import { readRecords } from '../../../src/text/jsonl.ts'
import { sharedPath } from '../../shared.ts'

for (const language of ['java', 'javascript']) await loadGrammar(language)

const lines = sharedPath('verdicts', 'bfcl_ast.jsonl.gz')
const folder = sharedPath('data', 'bfcl_v4')

test.skipIf(!lines || !folder)(
  'every line of the shared verdicts has the original’s verdict and error type',
  async () => {
    const rows = new Map<CategoryName, Map<string, BfclRow>>()
    for (const name of Object.keys(categories)) if (isCategory(name)) rows.set(name, await readCategory(folder!, name))
    const wrong: unknown[] = []
    let compared = 0
    for await (const { line, value } of readRecords(lines!)) {
      if (!isObject(value)) throw new Error(`line ${line} is no object`)
      compared++
      const { category, id, mode, response, verdict, error_type, underscore_to_dot } = value
      const row = isCategory(String(category)) ? rows.get(category as CategoryName)?.get(String(id)) : undefined
      const decoder = decoders[String(mode)]
      if (!row || !decoder) throw new Error(`line ${line} names an unknown row or mode`)
      const got = judge(row.category, row, {
        response: response ?? null,
        decoder,
        underscoreToDot: underscore_to_dot === true,
      })
      const raises = typeof verdict === 'string' ? verdict.replace('raises:', '') : null
      const expected = raises
        ? { verdict: false, error_type: null, fault: raises }
        : { verdict, error_type, fault: null }
      if (!Bun.deepEquals(got, expected)) wrong.push({ line, got, expected, mode, category, id, response })
    }
    if (process.env['HONE_SHOW']) for (const item of wrong.slice(0, 40)) console.log(JSON.stringify(item).slice(0, 500))
    expect(compared).toBeGreaterThan(3000)
    expect(wrong.length).toBe(0)
  },
  60_000,
)
