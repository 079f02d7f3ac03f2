// Finds questions of benchmarks among training rows: equal ones, and ones that share a run of thirteen words.
import { convert } from '../data/convert.ts'
import { readRaw } from '../data/records.ts'
import { recognise, sourceNamed } from '../data/sources.ts'
import { HoneError } from '../error.ts'
import { wordsOf } from '../text/words.ts'

/** Words in a row that two texts share by chance hardly ever (Brown et al. 2020, appendix C). */
const RUN = 13

/** The questions of benchmark files of any source. @throws HoneError where a file is of no known source. */
export async function openAgainst(paths: readonly string[]) {
  const whole = new Map<bigint | number, string>()
  const runs = new Map<bigint | number, string>()
  for (const path of paths) {
    for await (const { id, question } of questionsOf(path)) {
      const words = wordsOf(question)
      if (words.length < 3) continue
      const where = `${id} of ${path}`
      whole.set(Bun.hash(words.join(' ')), where)
      for (const run of runsOf(words)) if (!runs.has(run)) runs.set(run, where)
    }
  }
  return {
    /** "the same as X" or "close to X", undefined for a question that is new. */
    find(question: string): string | undefined {
      const words = wordsOf(question)
      const same = whole.get(Bun.hash(words.join(' ')))
      if (same !== undefined) return `the same as ${same}`
      for (const run of runsOf(words)) {
        const close = runs.get(run)
        if (close !== undefined) return `close to ${close}`
      }
      return undefined
    },
  }
}

async function* questionsOf(path: string): AsyncGenerator<{ id: string; question: string }> {
  const records = await Array.fromAsync(readRaw(path))
  const found = recognise(records.slice(0, 50))
  if (!found)
    throw new HoneError('Cannot tell the benchmark from its rows', {
      at: path,
      hint: 'any source of hone prep will do',
    })
  const source = sourceNamed(found.name)
  for (const record of records) {
    const options = { keepNoCall: true, keepAbsentTools: true }
    // A row whose answers lie elsewhere still has a question.
    const companion = new Map([[idOf(record.value), []]])
    const { rows } = convert(found.name, source, record, { path, index: record.index, companion }, options)
    for (const { id, messages } of rows) {
      for (const { role, content } of messages) if (role === 'user') yield { id, question: content }
    }
  }
}

function idOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : ''
}

function* runsOf(words: readonly string[]): Generator<bigint | number> {
  for (let i = 0; i + RUN <= words.length; i++) yield Bun.hash(words.slice(i, i + RUN).join(' '))
}
