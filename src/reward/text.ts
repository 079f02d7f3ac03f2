// Small questions about a completion's text that several rewards ask.

/** How often `part` occurs, occurrences not overlapping. */
export function count(text: string, part: string): number {
  let found = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++
  return found
}
