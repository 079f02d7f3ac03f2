// Reading a small file whole: configuration, templates, the parts of a model's folder.
import { readFileSync, statSync } from 'node:fs'
import { HoneError } from '../error.ts'
import { refuseForeign } from './chunks.ts'

/**
 * The text of the file `path`, without a byte order mark. `doing` begins the message, such as "Cannot read the model".
 * @throws HoneError for a device or a pipe: one has no end, the other may never begin; and for text in another encoding. What the
 * system refuses is thrown as it is.
 */
export function readWhole(path: string, doing: string): string {
  requireFile(path, doing)
  const bytes = readFileSync(path)
  refuseForeign(bytes, path)
  return new TextDecoder().decode(bytes)
}

/** @throws HoneError where something else than a file or a folder stands at `path`. */
export function requireFile(path: string, doing: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isFile() || found.isDirectory()) return
  throw new HoneError(`${doing}: a device or a pipe is no file`, { at: path })
}
