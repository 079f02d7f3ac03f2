// Java source → BFCL's decoded calls: the first method call, its named arguments as text the way BFCL's tree walk spells it.
import type { Node } from 'web-tree-sitter'
import { MAX_DEPTH } from '../../text/json.ts'
import { Dict, type Py } from '../../text/python/value.ts'
import { readTree, SourceError } from './grammar.ts'

/** Decoded calls [{name: {argument: text}}], or {} where the source holds no call. @throws SourceError where the original refuses it. */
export function decodeJavaCalls(source: string): Py {
  return readTree('java', source, (root) => {
    const call = firstCall(root, 0)
    return call ? [readCall(call, textOf(source))] : new Dict()
  })
}

function readCall(call: Node, text: (node: Node) => string): Dict {
  const object = call.childForFieldName('object')
  const name = text(call.childForFieldName('name')!)
  const named = new Dict()
  for (const item of call.childForFieldName('arguments')!.children) {
    const [left, , right] = item!.type === 'assignment_expression' ? item!.children : []
    if (left && right) setOnce(named, text(left), render(right, text, 0))
    else if (UNNAMED.has(item!.type)) setOnce(named, null, render(item!, text, 0))
  }
  return new Dict([[object ? `${text(object)}.${name}` : name, named]])
}

/** Adds an argument. @throws SourceError where there is one of that name. */
export function setOnce(named: Dict, key: Py, value: string): void {
  if (named.has(key)) throw new SourceError('two arguments of one name')
  named.set(key, value)
}

/** The original cuts its text by byte offsets, so that everything after a character beyond ASCII is shifted. */
function textOf(source: string): (node: Node) => string {
  if (/^[\0-\x7f]*$/.test(source)) return ({ startIndex, endIndex }) => source.slice(startIndex, endIndex)
  const characters = [...source]
  const byteOffset = (index: number) => Buffer.byteLength(source.slice(0, index))
  return ({ startIndex, endIndex }) => characters.slice(byteOffset(startIndex), byteOffset(endIndex)).join('')
}

const UNNAMED = new Set(['identifier', 'class_literal'])
/** What is taken as it stands. */
const WHOLE = new Set([...UNNAMED, 'type_identifier', 'method_invocation'])
const QUOTED = new Set(['string_literal', 'character_literal'])

function render(node: Node, text: (node: Node) => string, depth: number): string {
  const inner = (item: Node | null) => {
    if (!item) throw new SourceError('an array without values')
    return render(item, text, checked(depth + 1))
  }
  if (QUOTED.has(node.type)) return depth > 0 ? text(node) : [...text(node)].slice(1, -1).join('')
  if (WHOLE.has(node.type)) return text(node)
  if (node.type === 'array_creation_expression')
    return `new ${inner(node.childForFieldName('type'))}[]${inner(node.childForFieldName('value'))}`
  if (node.type === 'object_creation_expression') {
    const items = node.childForFieldName('arguments')!.children.filter((item) => !',()'.includes(item!.type))
    return `new ${inner(node.childForFieldName('type'))}(${items.map(inner).join(', ')})`
  }
  return node.childCount > 0 ? node.children.map(inner).join('') : text(node)
}

function firstCall(node: Node, depth: number): Node | undefined {
  if (node.type === 'method_invocation') return node
  for (const child of node.children) {
    const call = firstCall(child!, checked(depth + 1))
    if (call) return call
  }
  return undefined
}

/** Python gives up there too. */
function checked(depth: number): number {
  if (depth > MAX_DEPTH) throw new SourceError('nested too deep')
  return depth
}
