// Reverse walk over a graph: from gradients of some values to gradients of others. Knows no op.
import type { Node, Value, Op } from './value.ts'
import { op, show } from './graph.ts'
import { ops } from './ops.ts'
import { sameShape } from './shape.ts'

/**
 * d loss / d each of `wrt`, given d loss / d some values (`seeds`). Undefined where the loss does not depend on it.
 * Throws where a node on the way has no gradient rule.
 */
export function gradients(seeds: ReadonlyMap<Value, Value>, wrt: readonly Value[]): (Value | undefined)[] {
  const wanted = new Set(wrt)
  const onTheWay = dependents([...seeds.keys()], wanted)
  const reached = new Map<Value, Value[]>()
  for (const [value, gradient] of seeds) push(reached, value, gradient)
  for (const node of onTheWay) {
    const arrived = node.outputs.map((output) => total(reached, output))
    const dy = arrived.find((gradient) => gradient !== undefined)
    if (dy === undefined) continue
    const { grad }: Op = ops[node.op]
    if (grad === undefined) throw new Error(`no gradient rule for ${node.op} (${node.inputs.map(show).join(', ')})`)
    const results = grad({ ...node, dy: arrived[0] ?? dy, gradients: arrived })
    node.inputs.forEach((value, i) => {
      const gradient = results[i]
      if (gradient === undefined) return
      if (gradient.dtype !== value.dtype || !sameShape(gradient.shape, value.shape))
        throw new Error(`${node.op}: gradient ${show(gradient)} for ${show(value)}`)
      push(reached, value, gradient)
    })
  }
  return wrt.map((value) => total(reached, value))
}

/** Nodes between `wanted` and `from`, last first: those whose result depends on something wanted. */
function dependents(from: readonly Value[], wanted: ReadonlySet<Value>): Node[] {
  const depends = new Map<Node, boolean>()
  const visit = (value: Value): boolean => {
    const { node } = value
    if (node === null) return wanted.has(value)
    let found = depends.get(node)
    if (found === undefined) depends.set(node, (found = node.inputs.map(visit).includes(true)))
    return found || wanted.has(value)
  }
  from.forEach(visit)
  return [...depends]
    .filter(([, found]) => found)
    .map(([node]) => node)
    .sort((a, b) => b.outputs[0]!.id - a.outputs[0]!.id)
}

/** Everything that reached a value, added once; kept so that a second look gives the same value. */
function total(reached: Map<Value, Value[]>, value: Value): Value | undefined {
  const parts = reached.get(value)
  if (parts === undefined) return undefined
  const sum = parts.length === 1 ? parts[0]! : op('Sum', parts)
  reached.set(value, [sum])
  return sum
}

function push(map: Map<Value, Value[]>, key: Value, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
