// Python source to tokens, as CPython 3.11 cuts it, for one expression (ast.parse with mode='eval').
import { Bytes, Complex, float, integer, PythonError, type Py } from './value.ts'

export type Token =
  | { type: 'name' | 'operator' | 'newline' | 'end'; text: string }
  | { type: 'number'; text: string; value: Py }
  /** A string literal; `format` marks an f-string, whose text is then not evaluated. */
  | { type: 'string'; text: string; value: string | Bytes; format: boolean; unicode: boolean }

const SPACE = /(?:[ \t\f]|\\\r?\n)+/y
const COMMENT = /#[^\n]*/y
const NAME = /[\p{XID_Start}_]\p{XID_Continue}*/uy
const NUMBER =
  /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.)(?:[eE][-+]?\d(?:_?\d)*)?[jJ]?|\d(?:_?\d)*[eE][-+]?\d(?:_?\d)*[jJ]?|\d(?:_?\d)*[jJ]?/y
const OPERATOR = /\*\*=|\/\/=|>>=|<<=|\.\.\.|!=|->|:=|\*\*|\/\/|<<|>>|<=|>=|==|[-+*/%@&|^]=|[-+*/%@&|^~<>()[\]{},:.;=]/y
const STRING_START = /([bB][rR]?|[rR][bBfF]?|[fF][rR]?|[uU])?("""|'''|"|')/y
const NAME_OR_DIGIT = /[\p{XID_Continue}]/uy
/** Words that CPython lets follow a number without a space (with a warning). */
const AFTER_NUMBER = /and|else|for|if|in|is|or|not/y
/** tokenizer.h: MAXLEVEL. */
const MAX_BRACKETS = 200
/** sys.int_info.default_max_str_digits. */
const MAX_DIGITS = 4300
const CLOSERS: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

/** The tokens of one expression. @throws PythonError as CPython's tokenizer would. */
export function tokenize(source: string): Token[] {
  if (source.includes('\0')) throw new PythonError('SyntaxError', 'source code string cannot contain null bytes')
  if (/\p{Surrogate}/u.test(source)) throw new PythonError('UnicodeEncodeError', 'surrogates not allowed')
  const text = source.replace(/\r\n?/g, '\n')
  const tokens: Token[] = []
  const open: string[] = []
  let at = skipBlankLines(text)
  if (/[ \t]/.test(text[at] ?? '') && text.slice(at).trimStart() !== '') fail('unexpected indent', 'IndentationError')

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at = pattern.lastIndex
    return found
  }

  while (at < text.length) {
    if (match(SPACE) || match(COMMENT)) continue
    if (text[at] === '\n') {
      at++
      if (open.length === 0 && tokens.at(-1)?.type !== 'newline') tokens.push({ type: 'newline', text: '\n' })
      continue
    }
    const string = match(STRING_START)
    if (string) {
      tokens.push(readString(string[1]?.toLowerCase() ?? '', string[2] ?? ''))
      continue
    }
    const name = match(NAME)
    if (name) {
      tokens.push({ type: 'name', text: name[0].normalize('NFKC') })
      continue
    }
    const number = match(NUMBER)
    if (number) {
      tokens.push({ type: 'number', text: number[0], value: numberValue(number[0]) })
      AFTER_NUMBER.lastIndex = at
      if (!AFTER_NUMBER.test(text) && match(NAME_OR_DIGIT)) fail('invalid decimal literal')
      continue
    }
    const operator = match(OPERATOR)
    if (!operator) fail(`invalid character ${JSON.stringify(text[at])}`)
    if ('([{'.includes(operator[0])) {
      if (open.push(operator[0]) > MAX_BRACKETS) fail('too many nested parentheses')
    } else if (CLOSERS[operator[0]] && open.pop() !== CLOSERS[operator[0]]) fail(`unmatched '${operator[0]}'`)
    tokens.push({ type: 'operator', text: operator[0] })
  }
  if (open.length > 0) fail(`'${open.at(-1)}' was never closed`)
  tokens.push({ type: 'end', text: '' })
  return tokens

  function fail(message: string, type = 'SyntaxError'): never {
    throw new PythonError(type, message)
  }

  function readString(prefix: string, quote: string): Token {
    const start = at
    const triple = quote.length === 3
    for (; ; at++) {
      if (at >= text.length || (!triple && text[at] === '\n')) fail('unterminated string literal')
      if (text[at] === '\\') at++
      else if (text.startsWith(quote, at)) break
    }
    const body = text.slice(start, at)
    at += quote.length
    const raw = prefix.includes('r')
    const format = prefix.includes('f')
    const source = `${prefix}${quote}${body}${quote}`
    if (prefix.includes('b'))
      return { type: 'string', text: source, value: bytesValue(body, raw), format, unicode: false }
    return {
      type: 'string',
      text: source,
      value: raw || format ? body : unescape(body),
      format,
      unicode: prefix === 'u',
    }
  }
}

/** Where the first line that holds code begins. */
function skipBlankLines(text: string): number {
  return /^(?:[ \t\f]*(?:#[^\n]*)?\n)*\f*/.exec(text)?.[0].length ?? 0
}

function numberValue(token: string): Py {
  const text = token.replaceAll('_', '').toLowerCase()
  if (/^0[xob]/.test(text)) return integer(BigInt(text))
  if (text.endsWith('j')) return new Complex(0, Number(text.slice(0, -1)))
  if (/[.e]/.test(text)) return float(Number(text))
  if (/^0+[1-9]/.test(text))
    throw new PythonError('SyntaxError', 'leading zeros in decimal integer literals are not permitted')
  if (text.length > MAX_DIGITS)
    throw new PythonError('SyntaxError', `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion`)
  return integer(BigInt(text))
}

const ESCAPE = /\\(\n|[\\'"abfnrtv]|[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[xuUN])/g
const BYTE_ESCAPE = /\\(\n|[\\'"abfnrtv]|[0-7]{1,3}|x[\da-fA-F]{2}|x)/g
const LETTERS: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\n': '' }

/** An unknown escape keeps its backslash; `\N{…}` needs Unicode's name table and is refused. */
function unescape(body: string): string {
  return body.replace(ESCAPE, (_, code: string) => {
    if ('xuU'.includes(code[0]!) && code.length > 1) return character(Number.parseInt(code.slice(1), 16))
    if (/[0-7]/.test(code[0]!)) return String.fromCharCode(Number.parseInt(code, 8))
    if ('xuUN'.includes(code)) throw new PythonError('SyntaxError', `cannot decode the escape \\${code}`)
    return LETTERS[code] ?? code
  })
}

function character(code: number): string {
  if (code > 0x10ffff) throw new PythonError('SyntaxError', 'illegal Unicode character')
  return String.fromCodePoint(code)
}

function bytesValue(body: string, raw: boolean): Bytes {
  if (/[^\0-\x7f]/.test(body)) throw new PythonError('SyntaxError', 'bytes can only contain ASCII literal characters')
  const text = raw
    ? body
    : body.replace(BYTE_ESCAPE, (_, code: string) => {
        if (code === 'x') throw new PythonError('SyntaxError', 'invalid \\x escape')
        if (code[0] === 'x') return String.fromCharCode(Number.parseInt(code.slice(1), 16))
        return /[0-7]/.test(code[0]!) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (LETTERS[code] ?? code)
      })
  return new Bytes([...text].map((c) => c.charCodeAt(0)))
}
