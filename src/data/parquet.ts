// Rows of a parquet file, a row group at a time, decoded in a thread: a damaged file can keep a decoder busy for ever, and a thread can be ended.
import { HoneError } from '../error.ts'
import { parseJson } from '../text/json.ts'
import type { Answer, Ask } from './parquet-worker.ts'
import type { RawRecord } from './record.ts'

/** Bytes that are held at once. */
const LARGEST = 2 ** 32
/** Milliseconds for a row group: far more than a sound one of a file of so many bytes takes. */
const patienceFor = (bytes: number): number => 60_000 + bytes / 1000

/**
 * Rows of the parquet file whose bytes are `chunks`. The format keeps its index at the end, so all bytes are held (they
 * are compressed); decoded rows are not. @throws HoneError where the file is damaged.
 */
export async function* readParquet(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  patience = patienceFor,
): AsyncGenerator<RawRecord> {
  const bytes = await wholeOf(path, chunks)
  const ask = startDecoder(path, patience(bytes.byteLength))
  try {
    const opened = await ask({ bytes }, [bytes])
    let index = 0
    for (let group = 0; group < ('groups' in opened ? opened.groups : 0); group++) {
      const answer = await ask({ group })
      for (const text of 'rows' in answer ? answer.rows : []) {
        yield { index, line: index + 1, column: 1, text, value: parseJson(text) }
        index++
      }
    }
  } finally {
    ask.end()
  }
}

async function wholeOf(path: string, chunks: AsyncIterable<Uint8Array>): Promise<ArrayBuffer> {
  const all: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    if ((length += chunk.length) > LARGEST)
      throw new HoneError(`Cannot read parquet: it holds more than ${LARGEST / 2 ** 30} GiB`, {
        at: path,
        hint: 'write it as several files',
      })
    all.push(chunk)
  }
  return Uint8Array.from(Buffer.concat(all)).buffer
}

function startDecoder(path: string, patience: number) {
  // In the binary a thread's file goes by its path from the root of the build.
  const file = Bun.isStandaloneExecutable
    ? './src/data/parquet-worker.ts'
    : new URL('./parquet-worker.ts', import.meta.url)
  const worker = new Worker(file)
  const ask = async (question: Ask, transfer: ArrayBuffer[] = []): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const late = setTimeout(() => resolve({ fault: `a row group takes more than ${patience / 1000} s` }), patience)
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data)
    worker.onerror = ({ message }) => resolve({ fault: message.trim().split('\n').at(-1) ?? 'it cannot be decoded' })
    worker.postMessage(question, transfer)
    const answer = await promise
    clearTimeout(late)
    if (!('fault' in answer)) return answer
    throw new HoneError(`Cannot read parquet: ${answer.fault}`, {
      at: path,
      hint: 'the file may be cut short; copy it again',
    })
  }
  return Object.assign(ask, { end: () => void worker.terminate() })
}
