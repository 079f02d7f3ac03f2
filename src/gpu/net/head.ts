// What a head is: what stands on the blocks, over the rows that somebody asks about.
//
// Letters: M rows of a chunk, D hidden, V vocabulary.
import type { Net } from './net.ts'
import { shapeOf, type ModelConfig, type Role } from '../weights/family.ts'
import type { Value } from '../graph/value.ts'
import { input } from '../graph/graph.ts'

type Values = Readonly<Record<string, Value>>

/** What a head reads, as values of its graph. */
export interface HeadInputs {
  /** [M, D], before the final norm. */
  x: Value
  weights: Readonly<Partial<Record<Role, Value>>>
  /** What it reads beside them: a row for each of the rows, or [] where it is the same for all of them. */
  given: Values
}

/** A row of the table of heads. */
export interface Head {
  /** Weights that it reads, the final norm first. */
  roles(config: ModelConfig): readonly Role[]
  given(net: Net, rows: number, masked: boolean): Values
  /** What it says of each row, [M, 1], by name. */
  results(net: Net, inputs: HeadInputs): Values
  /** Where backward begins: d loss / d some values of the graph, of d loss / d each result that has one. */
  seeds(net: Net, inputs: HeadInputs, slopes: Values): ReadonlyMap<Value, Value>
}

/** An input for everything that a head reads of so many rows, of a mask too where some are held to one. */
export function headInputs(net: Net, head: Head, rows: number, masked = false): HeadInputs {
  const { config, precision } = net
  const weights = head.roles(config).map((role) => [role, input(precision.weights, shapeOf(config, role))])
  return {
    x: input(precision.compute, [rows, config.hidden]),
    weights: Object.fromEntries(weights),
    given: head.given(net, rows, masked),
  }
}

/** The inputs by their names in a graph. */
export const named = ({ x, weights, given }: HeadInputs): Record<string, Value> => ({ x, ...weights, ...given })
