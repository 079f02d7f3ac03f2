// Text operations as Python's str has them, where JavaScript's differ: what counts as white space.

/** str.isspace for one UTF-16 unit: unlike JavaScript with U+001C–1F and U+0085, and without U+FEFF. */
function isSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f)
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}

/** str.strip(). */
export function strip(text: string): string {
  return stripWhere(text, (at) => isSpace(text.charCodeAt(at)))
}

/** str.strip(characters). Not by an expression, which takes the square of a long run's length. */
export function stripOf(text: string, characters: string): string {
  return stripWhere(text, (at) => characters.includes(text[at]!))
}

function stripWhere(text: string, goes: (at: number) => boolean): string {
  let start = 0
  let end = text.length
  while (start < end && goes(start)) start++
  while (end > start && goes(end - 1)) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** str.split() without a separator: the words of a text. */
export function words(text: string): string[] {
  const found: string[] = []
  let start = -1
  for (let i = 0; i <= text.length; i++) {
    const inside = i < text.length && !isSpace(text.charCodeAt(i))
    if (inside && start < 0) start = i
    else if (!inside && start >= 0) {
      found.push(text.slice(start, i))
      start = -1
    }
  }
  return found
}

/** str.count(): how often `part` occurs, occurrences not overlapping. Written without an array: lint asks it of every line. */
export function count(text: string, part: string): number {
  let found = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++
  return found
}
