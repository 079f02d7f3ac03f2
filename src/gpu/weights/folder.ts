// The folder of a model: JSON files in it, and making it.
import { existsSync, mkdirSync } from 'node:fs'
import { HoneError } from '../../error.ts'
import { readWhole } from '../../text/whole.ts'

/** A JSON file as it lies there; absent or malformed is the user's error, not ours. */
export function readJson(path: string): unknown {
  if (!existsSync(path))
    throw new HoneError('Cannot read the model: there is no such file', {
      at: path,
      hint: 'give the folder of a Hugging Face model',
    })
  try {
    return JSON.parse(readWhole(path, 'Cannot read the model'))
  } catch (cause) {
    if (cause instanceof HoneError) throw cause
    throw new HoneError('Cannot read the model: this file is not JSON', { at: path, cause })
  }
}

/** The folder, made where it is absent. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (cause) {
    throw new HoneError(`Cannot make the folder: ${cause instanceof Error ? cause.message : String(cause)}`, {
      at: dir,
      cause,
    })
  }
}
