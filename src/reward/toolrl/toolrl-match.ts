// ToolRL's correctness of calls: names, parameter names and values, summed over the calls that pair up.
import { equalJson, isObject, keysOf, type Json } from '../../text/json.ts'
import { isHashable, nameKey } from '../tool-n1/match.ts'
import { Raised } from '../reward.ts'
import type { Range, Switches } from './toolrl-modes.ts'

/** The score of pairing expected call i with given call j; NaN where the names differ. */
type PairScore = (i: number, j: number) => number

/** Picks for each of the expected calls the given call it is paired with, or -1. */
export type Pairing = (expected: number, given: number, score: PairScore) => number[]

/**
 * Value between min and max. Both lists are whatever the JSON lines hold.
 * @throws Raised where Python raises; the published code then pays the minimum.
 */
export function correctness(
  expected: Json[],
  given: Json[],
  { min, max }: Range,
  switches: Switches,
  pair: Pairing,
): number {
  if (equalJson(expected, given, 'python')) return max
  if (switches.coarse) return min
  const wanted = expected.map((call) => ({ call, name: member(call, 'name') }))
  const made = given.map((call) => ({ call, name: member(call, 'name') }))
  let score = similarity(
    wanted.map(({ name }) => name),
    made.map(({ name }) => name),
    switches.refined,
  )
  const parameters = wanted.map(({ call }) => member(call, 'parameters'))
  const best = parameters.reduce<number>((sum, value) => sum + (switches.intermediate ? 1 : 1 + sizeOf(value)), 1)
  const pairScore: PairScore = (i, j) => {
    const [a, b] = [wanted[i]!, made[j]!]
    if (!equalJson(a.name, b.name, 'python')) return NaN
    if (switches.intermediate) return equalJson(a.call, b.call, 'python') ? 1 : 0
    return similarCall(parameters[i] ?? null, member(b.call, 'parameters'), switches.refined)
  }
  for (const [i, j] of pair(wanted.length, made.length, pairScore).entries()) if (j >= 0) score += pairScore(i, j)
  return ((max - min) * score) / best + min
}

/** The published pairing: each expected call in turn takes the best unused one of its name; a score of 0 pairs nothing. */
export function greedyPairing(expected: number, given: number, score: PairScore): number[] {
  const used = new Set<number>()
  const pairs: number[] = []
  for (let i = 0; i < expected; i++) {
    let [best, bestScore] = [-1, 0]
    for (let j = 0; j < given; j++) {
      const value = used.has(j) ? NaN : score(i, j)
      if (value > bestScore) [best, bestScore] = [j, value]
    }
    if (best >= 0) used.add(best)
    pairs.push(best)
  }
  return pairs
}

/** The paper's pairing: the one with the largest sum (Hungarian method, O(expected² · given)). */
export function bestPairing(rows: number, given: number, score: PairScore): number[] {
  const columns = Math.max(rows, given)
  const scores = Array.from({ length: rows }, (_, i) =>
    Float64Array.from({ length: given }, (_, j) => score(i, j) || 0),
  )
  const cost = (i: number, j: number): number => -(scores[i - 1]?.[j - 1] ?? 0)
  const rowOf = new Int32Array(columns + 1)
  const rowPotential = new Float64Array(rows + 1)
  const columnPotential = new Float64Array(columns + 1)
  for (let row = 1; row <= rows; row++) {
    const slack = new Float64Array(columns + 1).fill(Infinity)
    const cameFrom = new Int32Array(columns + 1)
    const visited = new Uint8Array(columns + 1)
    rowOf[0] = row
    let column = 0
    do {
      visited[column] = 1
      const current = rowOf[column]!
      let next = 0
      for (let j = 1; j <= columns; j++) {
        if (visited[j]) continue
        const reduced = cost(current, j) - rowPotential[current]! - columnPotential[j]!
        if (reduced < slack[j]!) [slack[j], cameFrom[j]] = [reduced, column]
        if (next === 0 || slack[j]! < slack[next]!) next = j
      }
      const delta = slack[next]!
      for (let j = 0; j <= columns; j++) {
        if (visited[j]) {
          rowPotential[rowOf[j]!]! += delta
          columnPotential[j]! -= delta
        } else slack[j]! -= delta
      }
      column = next
    } while (rowOf[column] !== 0)
    for (; column > 0; column = cameFrom[column]!) rowOf[column] = rowOf[cameFrom[column]!]!
  }
  const pairs = new Array<number>(rows).fill(-1)
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0 && cost(rowOf[j]!, j) < 0) pairs[rowOf[j]! - 1] = j - 1
  return pairs
}

/** Overlap of two lists as multisets, |∩| / |∪|; equal lists (order counts) give 1, and `strictly` nothing else does. */
function similarity(a: Json[], b: Json[], strictly: boolean): number {
  if (equalJson(a, b, 'python')) return 1
  if (strictly || a.length === 0 || b.length === 0) return 0
  if (!a.every(isHashable) || !b.every(isHashable)) throw new Raised('TypeError', 'a name is a list or an object')
  const counts = new Map<string, number>()
  for (const value of a) counts.set(nameKey(value), (counts.get(nameKey(value)) ?? 0) + 1)
  let common = 0
  for (const value of b) {
    const left = counts.get(nameKey(value)) ?? 0
    if (left > 0) common++
    counts.set(nameKey(value), left - 1)
  }
  return common / (a.length + b.length - common)
}

function similarCall(expected: Json, given: Json, strictly: boolean): number {
  if (!isObject(expected) || !isObject(given)) throw new Raised('AttributeError', 'parameters must be an object')
  const keys = similarity(keysOf(expected), keysOf(given), strictly)
  const isRight = (key: string): boolean =>
    Object.hasOwn(given, key) && equalJson(given[key] ?? null, expected[key] ?? null, 'python')
  return keys + Object.keys(expected).filter(isRight).length
}

function member(call: Json, key: string): Json {
  if (!isObject(call)) throw new Raised('TypeError', 'a call must be an object')
  if (!Object.hasOwn(call, key)) throw new Raised('KeyError', `a call has no "${key}"`)
  return call[key] ?? null
}

function sizeOf(value: Json): number {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  if (isObject(value)) return Object.keys(value).length
  throw new Raised('TypeError', 'parameters have no length')
}
