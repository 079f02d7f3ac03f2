// Neighbouring string literals of Python, which are one.
import type { Token } from './lexer.ts'
import type { Node } from './node.ts'
import { Bytes, PythonError } from './value.ts'

export type StringToken = Token & { type: 'string' }

/** @throws PythonError where text stands beside bytes. */
export function joinStrings(parts: readonly StringToken[]): Node {
  const bytes = parts.filter(({ value }) => value instanceof Bytes)
  if (bytes.length > 0 && bytes.length < parts.length)
    throw new PythonError('SyntaxError', 'cannot mix bytes and nonbytes literals')
  if (bytes.length > 0)
    return {
      kind: 'Constant',
      value: new Bytes(parts.flatMap(({ value }) => (value instanceof Bytes ? value.bytes : []))),
    }
  if (parts.some(({ format }) => format)) return { kind: 'JoinedStr', source: parts.map(({ text }) => text).join(' ') }
  const node: Node = { kind: 'Constant', value: parts.map(({ value }) => value).join('') }
  return parts[0]?.unicode ? { ...node, unicode: true } : node
}
