// Answers kept in a file as they come: work that was cut off, or is asked for again, goes on from there.
import { appendFileSync, existsSync } from 'node:fs'
import { dumpJson, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { readRecords, writeFileAtomic } from '../../text/jsonl.ts'
import type { Memory } from './answerer.ts'

/** How a file spells its lines. */
export interface Lines<Answer> {
  /** Undefined for a line that holds no answer. @throws HoneError for one that must not be gone on from. */
  read(line: Json, at: string): { key: string; answer: Answer } | undefined
  write(key: string, answer: Answer): JsonObject
}

/** Open `path` for answers by key; a last line that was cut off is forgotten. Without a path they are kept in memory. @throws HoneError */
export async function openKept<Answer>(
  path: string | undefined,
  lines: Lines<Answer>,
): Promise<Memory<string, Answer>> {
  const known = new Map<string, Answer>()
  if (path !== undefined && existsSync(path)) {
    const text = await Bun.file(path).text()
    if (text !== '' && !text.endsWith('\n')) writeFileAtomic(path, text.slice(0, text.lastIndexOf('\n') + 1))
    if (Bun.file(path).size > 0)
      for await (const { line, value } of readRecords(path)) {
        const found = lines.read(value, `${path}:${line}`)
        if (found) known.set(found.key, found.answer)
      }
  }
  return {
    find: (key) => known.get(key),
    add(key, answer) {
      known.set(key, answer)
      if (path !== undefined) appendFileSync(path, `${dumpJson(lines.write(key, answer), { ensureAscii: false })}\n`)
    },
  }
}

/** Texts by what was asked; a line holds 128 bits of that. @throws HoneError for a malformed file. */
export async function openTexts(path: string | undefined): Promise<Memory<string, string>> {
  const kept = await openKept<string>(path, {
    read: (line) => (isText(line) ? { key: line.key, answer: line.text } : undefined),
    write: (key, text) => ({ key, text }),
  })
  const keyOf = (question: string) => new Bun.CryptoHasher('sha256').update(question).digest('hex').slice(0, 32)
  return { find: (question) => kept.find(keyOf(question)), add: (question, text) => kept.add(keyOf(question), text) }
}

function isText(line: Json): line is JsonObject & { key: string; text: string } {
  return isObject(line) && typeof line['key'] === 'string' && typeof line['text'] === 'string'
}
