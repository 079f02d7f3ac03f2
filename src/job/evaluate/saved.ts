// Responses of one protocol kept in a file, so that an evaluation that was cut off goes on where it stopped.
import { HoneError } from '../../error.ts'
import { isObject, type JsonObject } from '../../text/json.ts'
import type { Memory } from '../answer/answerer.ts'
import { openKept } from '../answer/kept.ts'

/** What a response is found by. */
export interface Asking {
  /** The fields that name its row and sample. */
  label: JsonObject
  /** Hash of the prompt. */
  prompt: string
}

/** Responses; in memory alone without a path. @throws HoneError where the file holds those of another protocol. */
export async function openSaved<Each extends Asking>(
  path: string | undefined,
  protocol: string,
): Promise<Memory<Each, JsonObject>> {
  const kept = await openKept<{ response: JsonObject; prompt: string }>(path, {
    read(line, at) {
      if (!isObject(line) || line['protocol'] !== protocol)
        throw new HoneError(
          'Cannot go on from this file: its responses were asked with another prompt, decoder or sampling',
          { at, hint: 'give another file with --save, or judge this one with --responses' },
        )
      const { protocol: _, prompt: given, ...response } = line
      const prompt = String(given)
      return { key: keyOf({ label: response, prompt }), answer: { response, prompt } }
    },
    write: (_, { response, prompt }) => ({ ...response, prompt, protocol }),
  })
  return {
    find: (asking) => kept.find(keyOf(asking))?.response,
    add: (asking, response) =>
      kept.add(keyOf(asking), { response: { ...asking.label, ...response }, prompt: asking.prompt }),
  }
}

function keyOf({ label: { id = '', category = '', lang = '', sample = 0, budget = '' }, prompt }: Asking): string {
  return JSON.stringify([id, category, lang, sample, prompt, budget].map(String))
}
