// Does BFCL's own evaluation give the same score per category as hone eval? Runs both on one file of responses.
//
// bun test/bench/bfcl.ts RESPONSES.jsonl DATA [COMMAND]: COMMAND is the `bfcl` of the Python package bfcl-eval 2026.3.23
// (pip install bfcl-eval==2026.3.23; for measuring only). Exit 1 where a category differs.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bfcl } from '../../src/eval/bfcl/bench.ts'
import { writeBfclResults } from '../../src/eval/bfcl/results.ts'
import { table } from '../../src/shell/table.ts'
import { responsesOf } from '../../src/job/evaluate/evaluate.ts'

const [responses, data, command = 'bfcl'] = process.argv.slice(2)
if (!responses || !data) {
  console.error('usage: bun test/bench/bfcl.ts RESPONSES.jsonl DATA [COMMAND]')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'hone-bfcl-'))
const [results, scores] = [join(folder, 'result'), join(folder, 'score')]
const open = await bfcl.open(resolve(data), { checker: 'v2510', parser: 'tool-n1' })
const own = new Map<string, [right: number, total: number]>()
const records = []
for await (const response of responsesOf(responses)) {
  const { category, score } = await open.judge(response)
  const key = `${String(response.record['mode'] ?? 'text')} ${category}`
  const [right, total] = own.get(key) ?? [0, 0]
  own.set(key, [right + score, total + 1])
  records.push(response.record)
}

const rows = [['mode', 'category', 'hone', 'bfcl-eval', '']]
let differ = 0
for (const { mode, model, categories } of writeBfclResults(results, records)) {
  const words = [
    'evaluate',
    '--model',
    model,
    '--test-category',
    categories.join(','),
    '--result-dir',
    results,
    '--score-dir',
    scores,
    '--partial-eval',
  ]
  const { exitCode, stderr } = Bun.spawnSync([...command.split(' '), ...words], { stdout: 'pipe', stderr: 'pipe' })
  if (exitCode !== 0) throw new Error(`${command} failed: ${stderr.toString().slice(-2000)}`)
  for (const category of categories) {
    const file = readdirSync(scores, { recursive: true, encoding: 'utf8' }).find(
      (path) => path.includes(model.replaceAll('/', '_')) && path.endsWith(`BFCL_v4_${category}_score.json`),
    )
    const official =
      file === undefined ? undefined : JSON.parse(readFileSync(join(scores, file), 'utf8').split('\n')[0] ?? '')
    const [right, total] = own.get(`${mode} ${category}`) ?? [0, 0]
    const same = official?.correct_count === right && official?.total_count === total
    if (!same) differ++
    rows.push([
      mode,
      category,
      `${right}/${total}`,
      `${official?.correct_count}/${official?.total_count}`,
      same ? '' : 'DIFFERS',
    ])
  }
}
for (const line of table(rows)) console.log(line)
process.exit(differ > 0 ? 1 : 0)
