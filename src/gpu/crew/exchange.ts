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
  /** At most STRETCH numbers to a slot of the place of that process. */
  write(place: number, slot: number, values: Float32Array): void
  read(place: number, slot: number, count: number): Float32Array<ArrayBuffer>
  close(): void
}

/** Stretches that a place has room for: as much is passed on at a time. */
export const SLOTS = 16

/** Linux keeps files there in memory; a container may have little of it. */
const MEMORY = '/dev/shm'

const BYTES = STRETCH * Float32Array.BYTES_PER_ELEMENT

/** A new one with so many places; nothing of it stays, however its processes end. @throws HoneError where there is no room for it. */
export function createExchange(places: number, folders: readonly string[] = [MEMORY, tmpdir()]): Exchange {
  let cause: unknown
  for (const folder of folders.filter((each) => existsSync(each))) {
    const path = join(folder, `hone-${crypto.randomUUID()}`)
    try {
      const exchange = exchangeIn(openSync(path, 'w+', 0o600))
      try {
        const zeros = new Float32Array(STRETCH)
        for (let place = 0; place < places; place++)
          for (let slot = 0; slot < SLOTS; slot++) exchange.write(place, slot, zeros)
        return exchange
      } catch (error) {
        exchange.close()
        throw error
      }
    } catch (error) {
      cause = error
    } finally {
      rmSync(path, { force: true })
    }
  }
  throw new HoneError(
    `Cannot share a step between processes: there is no room for ${(places * SLOTS * BYTES) / 2 ** 20} MiB in ${folders.join(' or ')}`,
    { hint: 'make room there, or leave out --processes', cause },
  )
}

/** One in an open file. */
export function exchangeIn(file: number): Exchange {
  const at = (place: number, slot: number) => (place * SLOTS + slot) * BYTES
  return {
    file,
    write(place, slot, values) {
      const written = writeSync(file, values, 0, values.byteLength, at(place, slot))
      if (written !== values.byteLength) throw new Error(`wrote ${written} of ${values.byteLength} bytes`)
    },
    read(place, slot, count) {
      const values = new Float32Array(count)
      readSync(file, values, 0, values.byteLength, at(place, slot))
      return values
    },
    close: () => closeSync(file),
  }
}
