// Text as BFCL compares it: without spaces and , . / - _ * ^, in lower case, with double quotes for single ones.
import type { Py } from '../../text/python/value.ts'

export function standardize(text: string): string {
  return text
    .replace(/[ ,./\-_*^]/g, '')
    .toLowerCase()
    .replaceAll("'", '"')
}

/** Strings standardised, everything else as it is. */
export function standardizeValue(value: Py): Py {
  return typeof value === 'string' ? standardize(value) : value
}
