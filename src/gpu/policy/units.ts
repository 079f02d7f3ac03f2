// How sequences are laid out side by side: units, whose lanes attend together.
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/net.ts'
import type { Engine } from './engine.ts'
import { copyEntries, entryWidth, type Lanes, type OpenLanes, type Place } from './lanes.ts'
import { heldOf, startOf, type Sequence } from './sequence.ts'

/** Sequences in lanes; where they go on from prompts, each lane of `shared` serves as many of them, in order. */
export interface Unit<Row extends { sequence: Sequence }> {
  lanes: Lanes
  shared?: Lanes | undefined
  rows: (Row | undefined)[]
}

/** Rows that go on from one prompt, or one that stands alone. */
export interface Family<Row> {
  parent?: Sequence | undefined
  /** It is, or goes on from, a prompt for several. */
  shares: boolean
  rows: Row[]
  /** Tokens of the longest. */
  length: number
}

/** Most of a batch over what is needed of it: rows over those that are there, lanes at full length over their lengths. */
const FILLED = 1.25
const PADDED = 1.15
/** Shorter lanes lie together whatever their lengths. */
const SHORT = 32
/** Where sequences are extended, longer prompts have lanes of their own: they stay where they are when a sequence moves, and are not copied with it. */
const LONG = 256
/** Lanes that lie together at most. */
const LANES = 256

const keyBytes = (net: Net): number => entryWidth(net) * dtypes[net.precision.compute].bytes

/** Families of like size and length together; `familiesOf` says which stand for some of what is to be placed. */
export function plan<Row, Item>(
  net: Net,
  items: readonly Item[],
  familiesOf: (some: readonly Item[]) => readonly Family<Row>[],
  { extended }: { extended: boolean },
): Item[][] {
  const batches: Item[][] = []
  const shaped = items.map((item) => ({ item, shape: shapeOf(familiesOf([item])) }))
  for (const { item } of shaped.toSorted((a, b) => byShape(a.shape, b.shape))) {
    const batch = batches.at(-1)
    if (batch && fits(net, familiesOf([...batch, item]), extended)) batch.push(item)
    else batches.push([item])
  }
  return batches
}

function fits<Row>(net: Net, batch: readonly Family<Row>[], extended: boolean): boolean {
  const { shares, rows: G, length: longest } = shapeOf(batch)
  if (batch.some((family) => family.shares !== shares)) return false
  const lengths = batch.map(({ length }) => length)
  const rows = batch.reduce((sum, family) => sum + family.rows.length, 0)
  if (extended && shares && longest > LONG) return false
  return (
    batch.length * G <= Math.min(LANES, FILLED * rows) &&
    batch.length * longest * keyBytes(net) <= net.portions.read.keys &&
    (longest <= SHORT || batch.length * longest <= PADDED * lengths.reduce((sum, length) => sum + length, 0))
  )
}

interface Shape {
  shares: boolean
  /** Of the family with the most. */
  rows: number
  /** Of the longest. */
  length: number
}

const shapeOf = <Row>(families: readonly Family<Row>[]): Shape => ({
  shares: families.some(({ shares }) => shares),
  rows: Math.max(0, ...families.map(({ rows }) => rows.length)),
  length: Math.max(0, ...families.map(({ length }) => length)),
})

const byShape = (a: Shape, b: Shape): number =>
  Number(a.shares) - Number(b.shares) || b.rows - a.rows || a.length - b.length

/** Lanes for the rows of a batch, and what is held of them in those; sequences are moved. `mostOf` says how long a lane may get. */
export function layOut<Row extends { sequence: Sequence }>(
  engine: Engine,
  open: OpenLanes,
  batch: readonly Family<Row>[],
  mostOf: (row: Row) => number,
): Unit<Row> {
  const G = Math.max(...batch.map(({ rows }) => rows.length))
  const rows = batch.flatMap((family) => Array.from({ length: G }, (_, i) => family.rows[i]))
  const most = rows.reduce((longest, row) => (row ? Math.max(longest, mostOf(row)) : longest), 1)
  const lanes = open(rows.length, most)
  rows.forEach((row, lane) => row && move(engine, row.sequence, { lanes, lane }))
  const parents = batch.flatMap(({ parent }) => parent ?? [])
  return { lanes, ...(parents.length > 0 && { shared: sharedBy(engine, open, parents) }), rows }
}

/** What a sequence holds beside its parent goes to another lane. */
export function move(engine: Engine, sequence: Sequence, target: Place): void {
  copyEntries(engine, sequence, [0, sequence.lanes.lengths[sequence.lane]!], target)
  Object.assign(sequence, target)
}

/** The beginning of a sequence, up to `length`, to an empty lane: from `start` on, where what is before is shared. */
export function copyBeginning(
  engine: Engine,
  sequence: Sequence,
  [start, length]: readonly [number, number],
  target: Place,
): void {
  const own = startOf(sequence)
  if (sequence.parent) copyEntries(engine, sequence.parent, [start, Math.min(length, own)], target)
  copyEntries(
    engine,
    sequence,
    [Math.max(0, start - own), Math.max(0, Math.min(length, heldOf(sequence)) - own)],
    target,
  )
}

/** Lanes of exactly these prompts: where they lie already, or new ones to which they move. */
function sharedBy(engine: Engine, open: OpenLanes, parents: readonly Sequence[]): Lanes {
  const [first] = parents
  const { lanes } = first!
  if (lanes.count === parents.length && parents.every((parent, n) => parent.lanes === lanes && parent.lane === n))
    return lanes
  const made = open(parents.length, Math.max(...parents.map(({ tokens }) => tokens.length)))
  parents.forEach((parent, lane) => move(engine, parent, { lanes: made, lane }))
  return made
}
