// Files of a model folder beside its weights: JSON in, text out by way of a file beside that is renamed.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { HoneError } from '../error.ts'

/** A JSON file as it lies there; absent or malformed is the user's error, not ours. */
export function readJson(path: string): unknown {
  if (!existsSync(path))
    throw new HoneError('Cannot read the model: there is no such file', {
      at: path,
      hint: 'Give the folder of a Hugging Face model.',
    })
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new HoneError('Cannot read the model: this file is not JSON', { at: path, cause })
  }
}

/** Write the whole text or nothing. */
export function writeText(path: string, text: string): void {
  const beside = `${path}.tmp`
  try {
    writeFileSync(beside, text)
    renameSync(beside, path)
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new HoneError(`Cannot write the file: ${cause instanceof Error ? cause.message : String(cause)}`, {
      at: path,
      cause,
    })
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
