// Rewrites a cut before it is serialised: a sum with matrix products among its terms becomes Gemms that add in place.
import type { Node, Value } from './value.ts'
import type { Cut } from './graph.ts'

/**
 * Σ terms with products A·B among them → Gemm(A, B, C = the rest), one after the other. Saves a pass over memory for
 * every residual connection, bias and accumulated gradient.
 */
export function fuse(graph: Cut): Cut {
  const uses = new Map<Value, number>()
  for (const node of graph.nodes) for (const value of node.inputs) uses.set(value, (uses.get(value) ?? 0) + 1)
  for (const value of Object.values(graph.outputs)) uses.set(value, (uses.get(value) ?? 0) + 1)
  const given = new Set(Object.values(graph.inputs))
  const gone = new Set<Node>()
  const nodes = graph.nodes.flatMap((node) => {
    if (node.op !== 'Add' && node.op !== 'Sum') return [node]
    const [output] = node.outputs
    const products = node.inputs.filter((term) => isProduct(term) && uses.get(term) === 1 && !given.has(term))
    // The products must have the full shape, and something must be left to add them to.
    if (products.some((term) => term.shape.join() !== output!.shape.join())) return [node]
    const rest = node.inputs.filter((term) => !products.includes(term))
    if (rest.length === 0) rest.push(products.shift()!)
    if (products.length === 0) return [node]
    for (const term of products) gone.add(term.node!)
    return chain(products, rest, output!)
  })
  return { ...graph, nodes: nodes.filter((node) => !gone.has(node)) }
}

function chain(products: readonly Value[], rest: readonly Value[], output: Value): Node[] {
  const made: Node[] = []
  let sum = rest[0]!
  if (rest.length > 1) {
    sum = intermediate(output)
    made.push({ op: 'Sum', inputs: rest, attributes: {}, outputs: [sum] })
  }
  products.forEach((product, i) => {
    const { inputs, attributes } = product.node!
    const result = i === products.length - 1 ? output : intermediate(output)
    made.push({ op: 'Gemm', inputs: [...inputs, sum], attributes: { ...attributes, beta: 1 }, outputs: [result] })
    sum = result
  })
  return made
}

function isProduct({ node }: Value): boolean {
  return node?.op === 'FusedMatMul' && node.inputs.every((value) => value.shape.length === 2)
}

/** A value of the same type that stands between the fused nodes only. */
function intermediate({ dtype, shape, id, node }: Value): Value {
  return { dtype, shape, id, node }
}
