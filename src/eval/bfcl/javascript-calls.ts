// JavaScript source → BFCL's decoded calls: the first statement that is a call, its named arguments as source text.
import { Dict, type Py } from '../../text/python/value.ts'
import { parseJavascript, type Span } from './javascript-syntax.ts'
import { SourceError } from './source-tokens.ts'

/** A JSX element around text. */
const MARKUP = /^\s*<([\w.]+)>(?:[^<>{}]|\{\})*<\/\1>;?\s*$/

/** Decoded calls [{name: {argument: text}}], or null where no statement is a call. @throws SourceError where the original refuses it. */
export function decodeJavascriptCalls(source: string): Py {
  if (MARKUP.test(source)) return null
  const statements = parseJavascript(source)
  const call = statements.find(({ kind }) => kind === 'call')
  if (!call) return null
  const text = ({ start, end }: Span) => source.slice(start, end)
  const named = new Dict()
  const [callee, ...items] = call.items
  for (const item of items) {
    if (item.kind === 'assignment') setOnce(named, text(item.items[0]!), unquoted(text(item.items[1]!)))
    else if (item.kind === 'name' || item.kind === 'true') setOnce(named, null, text(item))
  }
  return [new Dict([[text(callee!), named]])]
}

function setOnce(named: Dict, key: Py, value: string): void {
  if (named.has(key)) throw new SourceError('two arguments of one name')
  named.set(key, value)
}

function unquoted(value: string): string {
  const quoted = ['"', "'"].some((quote) => value.startsWith(quote) && value.endsWith(quote))
  return quoted ? value.slice(1, -1) : value
}
