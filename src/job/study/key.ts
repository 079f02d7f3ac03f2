// The name of a piece of a study's work: equal for what comes to the same, so that it is done once.
import { fingerprintOf, type Made } from '../train/fingerprint.ts'
import { hash } from '../protocol.ts'

/** Of all that decides the result, files by what they hold; neither the machine nor the version is part of it. */
export function keyOf(recipe: Made, ...more: string[]): string {
  const { machine: _, 'version of hone': __, ...made } = fingerprintOf(recipe, '')
  return hash(JSON.stringify([made, ...more]))
}
