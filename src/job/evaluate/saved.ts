// Responses kept in a file as they come, so that an evaluation that was cut off goes on where it stopped.
import { appendFileSync, existsSync } from 'node:fs'
import { HoneError } from '../../error.ts'
import { dumpJson, isObject, type JsonObject } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'

export interface Saved {
  /** The response saved for this record's row and sample, if the prompt, named by its hash, is still the same. */
  find(record: JsonObject, prompt: string): JsonObject | undefined
  add(record: JsonObject, prompt: string): void
}

/** Keeps nothing. */
export const unsaved: Saved = { find: () => undefined, add() {} }

/**
 * Open `path` for the responses of one protocol. A last line that was cut off is forgotten.
 * @throws HoneError where the file holds responses of another protocol.
 */
export async function openSaved(path: string, protocol: string): Promise<Saved> {
  const known = new Map<string, JsonObject>()
  if (existsSync(path)) {
    const text = await Bun.file(path).text()
    if (text !== '' && !text.endsWith('\n')) await Bun.write(path, text.slice(0, text.lastIndexOf('\n') + 1))
    if (Bun.file(path).size > 0) {
      for await (const { line, value } of readRecords(path)) {
        if (!isObject(value) || value['protocol'] !== protocol) {
          throw new HoneError(
            'Cannot go on from this file: its responses were asked with another prompt, decoder or sampling',
            {
              at: `${path}:${line}`,
              hint: 'Give another file with --save, or judge this one with --responses.',
            },
          )
        }
        const { protocol: _, prompt, ...record } = value
        known.set(keyOf(value, String(prompt)), record)
      }
    }
  }
  return {
    find: (record, prompt) => known.get(keyOf(record, prompt)),
    add: (record, prompt) =>
      appendFileSync(path, `${dumpJson({ ...record, prompt, protocol }, { ensureAscii: false })}\n`),
  }
}

function keyOf({ id = '', category = '', lang = '', sample = 0 }: JsonObject, prompt: string): string {
  return JSON.stringify([id, category, lang, sample, prompt].map(String))
}
