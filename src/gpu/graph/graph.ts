// A graph is data: values made by `op(name, inputs, attributes)`, each with its dtype and shape from construction.
// Any cut through it, from chosen inputs to chosen outputs, is a model (see `cut`).
import './ops.ts'
import { absent } from './node.ts'
import type { Node, Type, Value } from './value.ts'

export { absent, cast, constant, input, op, opAll, type Operand } from './node.ts'
export { scatterAdd, zeros } from './ops/sums.ts'

/** A model: the part of a graph between named inputs and named outputs. */
export interface Cut {
  readonly name: string
  readonly inputs: Readonly<Record<string, Value>>
  readonly outputs: Readonly<Record<string, Value>>
  /** In an order in which each node follows what it reads. */
  readonly nodes: readonly Node[]
  readonly constants: readonly Value[]
}

/**
 * The nodes that `outputs` need, read back to `inputs`. An input may be any value, also one that has a node: what
 * computes it is then left out. This is how saved activations enter a backward model.
 */
export function cut(
  name: string,
  inputs: Readonly<Record<string, Value>>,
  outputs: Readonly<Record<string, Value>>,
): Cut {
  const given = new Set([...Object.values(inputs), absent])
  const nodes = new Map<Node, number>()
  const constants = new Set<Value>()
  const pending = Object.values(outputs).filter((value) => !given.has(value))
  while (pending.length > 0) {
    const value = pending.pop()!
    if (value.constant !== undefined) constants.add(value)
    else if (value.node === null) throw new Error(`graph ${name}: ${show(value)} is neither computed nor an input`)
    else if (!nodes.has(value.node)) {
      nodes.set(value.node, value.node.outputs[0]!.id)
      pending.push(...value.node.inputs.filter((operand) => !given.has(operand)))
    }
  }
  const order = [...nodes].sort((a, b) => a[1] - b[1]).map(([node]) => node)
  const used = new Set(order.flatMap((node) => node.inputs))
  const unused = Object.keys(inputs).filter(
    (key) => !used.has(inputs[key]!) && !Object.values(outputs).includes(inputs[key]!),
  )
  return {
    name,
    inputs: Object.fromEntries(Object.entries(inputs).filter(([key]) => !unused.includes(key))),
    outputs,
    nodes: order,
    constants: [...constants].sort((a, b) => a.id - b.id),
  }
}

/** A cut as text, one node a line. */
export function print(graph: Cut): string {
  const names = new Map<Value, string>(Object.entries(graph.inputs).map(([name, value]) => [value, name]))
  const name = (value: Value) =>
    names.get(value) ?? (value.constant?.length === 1 ? `${value.constant[0]}` : `%${value.id}`)
  const inputs = Object.entries(graph.inputs).map(([key, value]) => `${key}: ${show(value)}`)
  const lines = graph.nodes.map((node) => {
    const attributes = Object.entries(node.attributes).map(
      ([key, value]) => ` ${key}=${Array.isArray(value) ? `[${value}]` : value}`,
    )
    const left = node.outputs.map((value) => `${name(value)}: ${show(value)}`).join(', ')
    return `  ${left} = ${node.op}(${node.inputs.map(name).join(', ')})${attributes.join('')}`
  })
  const outputs = Object.entries(graph.outputs).map(([key, value]) => `${key}=${name(value)}`)
  return [`${graph.name}(${inputs.join(', ')})`, ...lines, `  return ${outputs.join(', ')}`].join('\n')
}

/** A type as text: `f32[3,T]`. */
export function show(type: Type): string {
  return `${type.dtype}[${type.shape.join(',')}]`
}
