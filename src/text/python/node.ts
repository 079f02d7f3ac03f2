// The syntax tree of a Python expression, with the node kinds of CPython's ast module.
import type { Py } from './value.ts'

export interface Keyword {
  /** null for `**value`. */
  name: string | null
  value: Node
}
export interface Comprehension {
  async: boolean
  target: Node
  iter: Node
  conditions: Node[]
}
export type Node =
  | { kind: 'Constant'; value: Py; unicode?: boolean }
  | { kind: 'JoinedStr'; source: string }
  | { kind: 'Name'; id: string }
  | { kind: 'Attribute'; value: Node; name: string }
  | { kind: 'Call'; func: Node; args: Node[]; keywords: Keyword[] }
  | { kind: 'Subscript'; value: Node; index: Node }
  | { kind: 'Slice'; lower: Node | null; upper: Node | null; step: Node | null }
  | { kind: 'List' | 'Tuple' | 'Set'; items: Node[] }
  /** A null key is `**value`. */
  | { kind: 'Dict'; entries: { key: Node | null; value: Node }[] }
  | { kind: 'UnaryOp'; operator: string; operand: Node }
  | { kind: 'BinOp'; operator: string; left: Node; right: Node }
  | { kind: 'BoolOp'; operator: 'and' | 'or'; values: Node[] }
  | { kind: 'Compare'; left: Node; operators: string[]; comparators: Node[] }
  | { kind: 'IfExp'; test: Node; body: Node; orelse: Node }
  | { kind: 'Lambda'; parameters: { prefix: string; name: string; fallback: Node | null }[]; body: Node }
  | { kind: 'ListComp' | 'SetComp' | 'GeneratorExp'; element: Node; generators: Comprehension[] }
  | { kind: 'DictComp'; key: Node; element: Node; generators: Comprehension[] }
  | { kind: 'NamedExpr'; target: string; value: Node }
  | { kind: 'Starred' | 'Await' | 'YieldFrom'; value: Node }
  | { kind: 'Yield'; value: Node | null }
