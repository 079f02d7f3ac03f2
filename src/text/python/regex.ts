// Regular expressions with the meaning Python's re gives them: Unicode \s \w \d, a dot that stops at \n only, $ before a final \n.

/** Members of \s: what str.isspace accepts. */
const SPACE = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`

const MEANING: Record<string, string> = {
  '\\s': `[${SPACE}]`,
  '\\S': `[^${SPACE}]`,
  '\\w': String.raw`[\p{L}\p{N}_]`,
  '\\d': String.raw`\p{Nd}`,
  '.': String.raw`[^\n]`,
  $: String.raw`(?=\n?(?![^]))`,
}

/**
 * The JavaScript expression for a Python pattern (without classes that hold \s, \w, \d inside brackets).
 * `flags` adds JavaScript's; 's' is Python's re.DOTALL.
 */
export function pythonRegex(pattern: string, flags = ''): RegExp {
  const source = pattern.replace(/\\.|\[(?:\\.|[^\]])*\]|[.$]/g, (token) => {
    if (token === '.' && flags.includes('s')) return '[^]'
    return MEANING[token] ?? token
  })
  return new RegExp(source, `u${flags}`)
}
