// The system's lock on an open file, which ends with its process, however that ends, and holds between containers that share a folder.
import { dlopen } from 'bun:ffi'

const [EXCLUSIVE, NOT_WAITING] = [2, 4]
let library: { symbols: { flock(file: number, operation: number): number } } | undefined

/** True where the open file is locked now, as no other process has it. */
export function flock(file: number): boolean {
  // Windows locks by handles, which Bun does not give: there nobody is kept from what another process writes to.
  if (process.platform === 'win32') return true
  library ??= dlopen(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6', {
    flock: { args: ['i32', 'i32'], returns: 'i32' },
  })
  return library.symbols.flock(file, EXCLUSIVE | NOT_WAITING) === 0
}
