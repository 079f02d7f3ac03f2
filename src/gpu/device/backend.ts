// What differs between devices: where memory comes from, how bytes get there and how sessions are made.
import type { Memory, Stretches } from '../ort/libc.ts'
import type { Handle, SessionSettings } from '../ort/ort.ts'
import type { Portions } from './portions.ts'
import type { Types } from './precision.ts'
import type { ArrayOf, DType, TypedArray } from '../graph/tensor.ts'

/** What differs between devices: where memory comes from, how bytes get there and how sessions are made. */
export interface Backend {
  readonly name: string
  readonly description: string
  /** Bytes that there were for models when it was opened. */
  readonly memory: number
  readonly portions: Portions
  readonly types: Types
  readonly place: Handle<'place'>
  /** For a session that is compiled now; `capture` as in device.ts, where the device has that. */
  settings(capture?: boolean): SessionSettings
  /** Memory of `bytes` zeros. */
  allocate(bytes: number): Block
  /** Throws where a session does not run on the device as a whole. */
  inspect(session: Handle<'session'>, name: string): void
}

/** One allocation. */
export interface Block {
  readonly memory: Memory
  /** Copies all of `data` to byte `offset`. */
  write(offset: number, data: TypedArray): void
  /** Copies stretches of another block of the device. */
  copy(from: Block, stretches: Stretches): void
  read<D extends DType>(offset: number, dtype: D, bytes: number): ArrayOf<D>
  release(): void
}
