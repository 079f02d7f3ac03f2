// Java source → BFCL's decoded calls: the first method call, its named arguments as text the way BFCL's tree walk spells it.
import { Dict, type Py } from '../../text/python/value.ts'
import { parseJava, type Call, type Node } from './java-syntax.ts'
import { SourceError } from './source-tokens.ts'

/** Decoded calls [{name: {argument: text}}], or {} where the source holds no call. @throws SourceError where the original refuses it. */
export function decodeJavaCalls(source: string): Py {
  const call = parseJava(source)
    .map(firstCall)
    .find((found) => found !== undefined)
  if (!call) return new Dict()
  const text = textOf(source)
  const named = new Dict()
  for (const item of call.items) {
    const [left, , right] = item.kind === 'assignment' ? item.items : []
    if (left && right) setOnce(named, text(left), render(right, text, false))
    else if (item.kind === 'name' || item.kind === 'class') setOnce(named, null, render(item, text, false))
  }
  const name = call.object ? `${text(call.object)}.${text(call.name)}` : text(call.name)
  return [new Dict([[name, named]])]
}

function setOnce(named: Dict, key: Py, value: string): void {
  if (named.has(key)) throw new SourceError('two arguments of one name')
  named.set(key, value)
}

/** The original cuts its text by byte offsets, so that everything after a character beyond ASCII is shifted. */
function textOf(source: string): (node: { start: number; end: number }) => string {
  if (/^[\0-\x7f]*$/.test(source)) return ({ start, end }) => source.slice(start, end)
  const characters = [...source]
  const byteOffset = (index: number) => Buffer.byteLength(source.slice(0, index))
  return ({ start, end }) => characters.slice(byteOffset(start), byteOffset(end)).join('')
}

function render(node: Node, text: (node: { start: number; end: number }) => string, nested: boolean): string {
  const inner = (item: Node) => render(item, text, true)
  switch (node.kind) {
    case 'quoted':
      return nested ? text(node) : [...text(node)].slice(1, -1).join('')
    case 'array':
      if (!node.value) throw new SourceError('an array without values')
      return `new ${inner(node.type)}[]${inner(node.value)}`
    case 'object':
      return `new ${inner(node.type)}(${node.items.map(inner).join(', ')})`
    case 'group':
    case 'assignment':
      return node.items.map(inner).join('')
    default:
      return text(node)
  }
}

function firstCall(node: Node): Call | undefined {
  if (node.kind === 'call') return node
  const children = 'items' in node ? node.items : []
  for (const child of node.kind === 'array' ? [node.type, ...(node.value ? [node.value] : [])] : children) {
    const call = firstCall(child)
    if (call) return call
  }
  return undefined
}
