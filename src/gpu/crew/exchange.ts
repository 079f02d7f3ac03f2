// Where the processes of a run lay numbers for each other: a file without a name, in memory where the system offers that, with a
// place for each process.
import { closeSync, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoneError } from '../../error.ts'
import { STRETCH } from '../net/adamw.ts'

export interface Exchange {
  /** The open file, which other processes inherit. */
  readonly file: number
  /** At most STRETCH numbers to the place of that process. */
  write(place: number, values: Float32Array): void
  read(place: number, count: number): Float32Array<ArrayBuffer>
  close(): void
}

/** Linux keeps files there in memory. */
const MEMORY = '/dev/shm'

const BYTES = STRETCH * Float32Array.BYTES_PER_ELEMENT

/** A new one with so many places; nothing of it stays, however its processes end. @throws HoneError where there is no room for it. */
export function createExchange(places: number): Exchange {
  const folder = existsSync(MEMORY) ? MEMORY : tmpdir()
  const path = join(folder, `hone-${crypto.randomUUID()}`)
  try {
    const exchange = exchangeIn(openSync(path, 'w+', 0o600))
    for (let place = 0; place < places; place++) exchange.write(place, new Float32Array(STRETCH))
    return exchange
  } catch (cause) {
    throw new HoneError(`Cannot share a step between processes: ${folder} has no room for ${places * BYTES} bytes`, {
      at: folder,
      hint: 'make room there, or leave out --processes',
      cause,
    })
  } finally {
    rmSync(path, { force: true })
  }
}

/** One in an open file. */
export function exchangeIn(file: number): Exchange {
  return {
    file,
    write: (place, values) => void writeSync(file, values, 0, values.byteLength, place * BYTES),
    read(place, count) {
      const values = new Float32Array(count)
      readSync(file, values, 0, values.byteLength, place * BYTES)
      return values
    },
    close: () => closeSync(file),
  }
}
