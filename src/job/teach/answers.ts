// Answers kept as they come, by what was asked: work that was cut off, or is asked for again, goes on from there.
import { appendFileSync, existsSync } from 'node:fs'
import { dumpJson, isObject } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'

export interface Answers {
  find(question: string): string | undefined
  add(question: string, text: string): void
}

/** Open `path` for answers; a last line that was cut off is forgotten. Without a path nothing is kept. @throws HoneError for a malformed file. */
export async function openAnswers(path: string | undefined): Promise<Answers> {
  const known = new Map<string, string>()
  if (path === undefined)
    return {
      find: (question) => known.get(keyOf(question)),
      add: (question, text) => void known.set(keyOf(question), text),
    }
  if (existsSync(path)) {
    const text = await Bun.file(path).text()
    if (text !== '' && !text.endsWith('\n')) await Bun.write(path, text.slice(0, text.lastIndexOf('\n') + 1))
    if (Bun.file(path).size > 0) {
      for await (const { value } of readRecords(path)) {
        if (isObject(value) && typeof value['key'] === 'string' && typeof value['text'] === 'string')
          known.set(value['key'], value['text'])
      }
    }
  }
  return {
    find: (question) => known.get(keyOf(question)),
    add(question, text) {
      const key = keyOf(question)
      known.set(key, text)
      appendFileSync(path, `${dumpJson({ key, text }, { ensureAscii: false })}\n`)
    },
  }
}

/** 128 bits of the question: model, sampling, prompt and number of the sample. */
function keyOf(question: string): string {
  return new Bun.CryptoHasher('sha256').update(question).digest('hex').slice(0, 32)
}
