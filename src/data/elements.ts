// The elements of one large JSON array, or JSON objects one after another, one at a time, in constant memory.
import { endOfItem, spanOf } from '../text/json/scan.ts'
import { requireEnd } from '../text/lines.ts'
import type { Piece } from './record.ts'

/** Text of each element with the line and column at which it begins. What cannot belong to an element is given as one, so that a reader finds it malformed. */
export async function* readElements(chunks: AsyncIterable<Uint8Array>, path?: string): AsyncGenerator<Piece> {
  const decoder = new TextDecoder()
  let [rest, line, column] = ['', 1, 1]
  let inside = false
  /** How long the rest has to be before it is worth a look: an element is looked at anew when twice as much of it is there. */
  let enough = 0
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    requireEnd(rest.length, path && `${path}:${line}`, 'a row')
    if (rest.length >= enough) yield* elements()
  }
  yield* elements()
  if (rest !== '') yield { line, column, text: rest }

  function* elements(): Generator<Piece> {
    for (;;) {
      take(SPACE.exec(rest)![0].length)
      const first = rest[0]
      if (inside ? first === ',' || first === ']' || first === '}' : first === '[' || first === ',') {
        inside = inside ? first === ',' : first === '['
        take(1)
        continue
      }
      const end = inside ? endOfItem(rest, 0) : first === '{' ? endOfObject(rest) : -1
      enough = end < 0 ? 2 * rest.length : 0
      if (end < 0) return
      yield { line, column, text: rest.slice(0, end) }
      take(end)
    }
  }

  function take(length: number): void {
    const lines = rest.slice(0, length).split('\n')
    line += lines.length - 1
    column = (lines.length === 1 ? column : 1) + lines.at(-1)!.length
    rest = rest.slice(length)
  }
}

function endOfObject(text: string): number {
  const { end, closed } = spanOf(text, 0)
  return closed ? end : -1
}

const SPACE = /^[ \t\r\n\ufeff]*/
