// Java and JavaScript source → tokens, enough for one call and the expressions in its arguments.

export interface SourceToken {
  type: 'name' | 'number' | 'string' | 'character' | 'template' | 'regex' | 'operator' | 'end'
  text: string
  /** UTF-16 offsets into the source. */
  start: number
  end: number
  /** A line end stands before it. */
  startsLine: boolean
}

/** The source does not parse. */
export class SourceError extends Error {}

interface Pattern {
  type: SourceToken['type'] | 'space'
  pattern: RegExp
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/`
const NAME: Pattern = { type: 'name', pattern: /[\p{XID_Start}_$][\p{XID_Continue}\xa2_$\u200c\u200d]*/uy }

/** A string may hold line ends, a character literal several characters: so do tree-sitter's grammars. */
export const JAVA_TOKENS: readonly Pattern[] = [
  { type: 'space', pattern: new RegExp(`(?:[ \\t-\\r]|${COMMENT})+`, 'y') },
  NAME,
  {
    type: 'number',
    pattern:
      /0[xX][\da-fA-F](?:_?[\da-fA-F])*[lL]?|0[bB][01](?:_?[01])*[lL]?|(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?[fFdD]?|\d(?:_?\d)*[eE][-+]?\d(?:_?\d)*[fFdD]?|\d(?:_?\d)*[fFdDlL]?/y,
  },
  { type: 'string', pattern: /"""(?:[^"\\]|\\[^]|"(?!""))*"""|"(?:[^"\\]|\\[^])*"/y },
  { type: 'character', pattern: /'(?:[^'\\\n]|\\[^])+'/y },
  { type: 'operator', pattern: /->|::|\+\+|--|&&|\|\||[-+*/%&|^=!<>]=|\.\.\.|[-+*/%&|^=!<>~?:;,.@()[\]{}]/y },
]

export const JAVASCRIPT_TOKENS: readonly Pattern[] = [
  { type: 'space', pattern: new RegExp(`(?:[\\s\\u200b\\u2060]|${COMMENT})+`, 'y') },
  NAME,
  {
    type: 'number',
    pattern:
      /0[xX][\da-fA-F_]+n?|0[bB][01_]+n?|0[oO][0-7_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?n?/y,
  },
  { type: 'string', pattern: /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y },
  { type: 'template', pattern: /`(?:[^`\\]|\\[^])*`/y },
  {
    type: 'operator',
    pattern:
      /=>|\.\.\.|\?\.(?!\d)|>>>=|\*\*=|\?\?=|&&=|\|\|=|<<=|>>=|===|!==|\*\*|\?\?|&&|\|\||\+\+|--|>>>|<<|>>|[-+*/%&|^=!<>]=|[-+*/%&|^=!<>~?:;,.@#()[\]{}]/y,
  },
]

/** Where a JavaScript `/` starts a regular expression and is no division. */
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y

/** @throws SourceError at a character that starts no token, and at a number that runs into a name. */
export function tokenizeSource(source: string, patterns: readonly Pattern[]): SourceToken[] {
  const tokens: SourceToken[] = []
  let at = 0
  while (at < source.length) {
    const found = readRegex() ?? readToken()
    if (!found) throw new SourceError(`no token starts with ${JSON.stringify(source[at])}`)
    const start = at
    at += found.text.length
    if (found.type === 'space') continue
    const previous = tokens.at(-1)
    if (found.type === 'name' && previous?.type === 'number' && previous.end === start)
      throw new SourceError('a name right after a number')
    tokens.push({
      type: found.type,
      text: found.text,
      start,
      end: at,
      startsLine: source.slice(previous?.end ?? 0, start).includes('\n'),
    })
  }
  tokens.push({ type: 'end', text: '', start: at, end: at, startsLine: false })
  return tokens

  function readToken(): { type: Pattern['type']; text: string } | undefined {
    for (const { type, pattern } of patterns) {
      pattern.lastIndex = at
      const text = pattern.exec(source)?.[0]
      if (text) return { type, text }
    }
    return undefined
  }

  function readRegex(): { type: Pattern['type']; text: string } | undefined {
    if (patterns !== JAVASCRIPT_TOKENS || source[at] !== '/') return undefined
    const previous = tokens.at(-1)
    if (previous && (previous.type !== 'operator' || [')', ']', '}'].includes(previous.text))) return undefined
    REGEX.lastIndex = at
    const text = REGEX.exec(source)?.[0]
    return text ? { type: 'regex', text } : undefined
  }
}
