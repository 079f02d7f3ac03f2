// Attention of a whole batch, forward and backward: one run for each of its pieces.
//
// Letters as in block.ts.
import type { Batch, Branches } from './batch.ts'
import type { BranchPiece, Engine, Sight } from './engine.ts'
import { lengthOf, seenBy, type Stretch } from './forest.ts'
import {
  attendPart,
  attendPartBackward,
  attendWhole,
  attendWholeBackward,
  headSizes,
  placesOf,
  type PartSizes,
  type WholeSizes,
} from '../net/attention.ts'
import { type Piece, piecesOf, rowsOfPart, windowIn } from '../net/pieces.ts'
import type { Tensor } from '../device/device.ts'
import type { Tensors } from '../device/programs.ts'
import { elements, type Shape } from '../graph/tensor.ts'

export function sightOf(engine: Engine, batch: Batch): Sight {
  const { precision, scratch } = engine
  const { sizes, promptMask, branches } = batch
  if (branches) return sightOfForest(engine, batch, branches)
  const { groups: N, prompt: P, completion: R } = sizes
  const L = Math.max(P, R)
  const own = Float32Array.from({ length: L }, (_, place) => placesOf.column(place))
  const joint = new Float32Array(N * (P + R))
  for (let n = 0; n < N; n++) {
    const start = n * (P + R)
    const padding = promptMask?.subarray(n * P, (n + 1) * P).filter((masked) => masked !== 0).length ?? 0
    const real = P - padding
    for (let i = 0; i < P; i++) joint[start + i] = i < real ? placesOf.column(i - real) : placesOf.hidden
    joint.set(own.subarray(0, R), start + P)
  }
  return {
    pieces: (window) => piecesOf(engine, sizes, window),
    promptMask: promptMask && scratch.put(precision.compute, 'prompt mask', [N, P], promptMask),
    rows: scratch.put(
      'f32',
      'places of rows',
      [L, 1],
      own.map((_, place) => placesOf.row(place)),
    ),
    own: scratch.put('f32', 'places of keys', [L], own),
    joint: scratch.put('f32', 'places of all keys', [N, P + R], joint),
  }
}

/** Pieces from the end, as in piecesOf: those of completions first. */
function sightOfForest(engine: Engine, { sizes, paths }: Batch, branches: Branches): Sight {
  const { scratch } = engine
  const { prompt: P, completion: M } = sizes
  const { parents, numbers, ends, positions } = branches
  const longest = paths.flat().reduce((most, path) => Math.max(most, path.length), 1)
  const most = rowsOfPart(engine, longest)
  const cutUp = (of: BranchPiece['of'], first: number, count: number) =>
    Array.from({ length: Math.ceil(count / most) }, (_, i): BranchPiece => {
      const [start, rows] = [first + i * most, Math.min(most, count - i * most)]
      return { kind: 'branches', of, start, rows, seen: seenBy({ from: start, to: start + rows }, parents) }
    }).toReversed()
  const places = (name: string, shape: Shape, from: Int32Array, place: (number: number) => number) =>
    scratch.put('f32', name, shape, Float32Array.from(from, place))
  const pieces = [...cutUp('completion', P, M), ...cutUp('prompt', 0, P)]
  const columns = places('places of keys', [P + M], numbers, placesOf.column)
  return {
    pieces: () => pieces,
    promptMask: undefined,
    rows: places('places of rows', [P + M, 1], numbers, placesOf.row),
    own: columns,
    joint: columns,
    forest: {
      ends: places('places of ends', [P + M], ends, placesOf.end),
      rowPositions: places('positions of rows', [P + M, 1], positions, placesOf.row),
      columnPositions: places('positions of keys', [P + M], positions, placesOf.column),
    },
  }
}

/** Whose attention, and of which of its rows. */
export interface Attending {
  batch: Batch
  sight: Sight
  layer: number
  rows?: 'all' | 'completions'
}

/** `tensors`: queries [T, K·S·H], keys and values [T, K·H]; attended [T, K·S·H] is written. */
export function forwardAttention(engine: Engine, attending: Attending, tensors: Tensors): void {
  for (const { name, whole, part, bound } of placed(engine, attending, tensors))
    engine.programs.run(name, () => (whole ? attendWhole(engine, whole) : attendPart(engine, part)), bound, bound)
}

/**
 * `tensors`: those of forward, d attended, and d queries, which is written, d keys and d values in float32, which are added to;
 * of the shapes of what they are the gradients of.
 */
export function backwardAttention(engine: Engine, attending: Attending, tensors: Tensors): void {
  for (const { name, whole, part, bound, apart } of placed(engine, attending, tensors)) {
    const make = () => (whole ? attendWholeBackward(engine, whole) : attendPartBackward(engine, part))
    engine.programs.run(`${name} backward`, make, bound, bound)
    if (apart) for (const name of ADDED) copyRows(engine, bound[name]!, tensors[name]!, { to: apart })
  }
}

/** `apart`: stretches of rows that were brought together, and are put back where something was added to them. */
type Placed = { name: string; bound: Tensors; apart?: Stretch[] } & (
  { whole: WholeSizes; part?: undefined } | { whole?: undefined; part: PartSizes }
)

/** Every piece with its part of every tensor. */
function* placed(engine: Engine, attending: Attending, tensors: Tensors): Generator<Placed> {
  const { batch, sight, layer, rows } = attending
  const window = windowIn(engine.config, batch.sizes, layer)
  const pieces = sight.pieces(window).filter(({ of }) => rows !== 'completions' || of === 'completion')
  for (const piece of pieces)
    yield piece.kind === 'branches'
      ? placeBranches(engine, attending, piece, window, tensors)
      : place(engine, attending, piece, window, tensors)
}

function place(
  { config, scratch }: Engine,
  { batch, sight }: Attending,
  piece: Piece,
  window: number | undefined,
  tensors: Tensors,
): Placed {
  const { groups: N, samples: G, prompt: P, completion: R } = batch.sizes
  const { K, S, H } = headSizes(config)
  const { of, group, sample } = piece
  const ofPrompt = of === 'prompt'
  const first = ofPrompt ? group * P : N * P + (group * G + sample) * R
  const bound: Record<string, Tensor> = {}
  const bind = (name: string, from: string, lead: Shape, row: number) => {
    const tensor = tensors[from]
    if (tensor === undefined) return
    const heads = WIDE.includes(from) ? [K, S, H] : [K, H]
    const [, width = 1] = tensor.shape
    bound[name] = scratch.part(tensor, [...lead, ...heads], row * width)
  }
  // Entries before the window of all rows of a part are left out, and with the first of a completion its prompt.
  const skipped = piece.kind === 'part' && window !== undefined ? Math.max(0, piece.start - window + 1) : 0
  const shared = ofPrompt || skipped > 0 ? 0 : P
  if (piece.kind === 'whole') {
    const [n, g, r] = [piece.groups, piece.samples, ofPrompt ? P : R]
    for (const name of [...WIDE, ...NARROW]) bind(name, name, [n, g, r], first)
    for (const [name, from] of SHARED) if (shared > 0) bind(name, from, [n, P], group * P)
    const masked = shared > 0 && sight.promptMask !== undefined
    if (masked) bound['promptMask'] = scratch.part(sight.promptMask!, [n, 1, 1, 1, 1, P], group * P)
    const whole = { n, g, r, P: shared, masked }
    return { name: `attend whole ${Object.values(whole)}`, whole, bound }
  }
  const { start, rows: r } = piece
  for (const name of WIDE) bind(name, name, [r], first + start)
  for (const name of NARROW) bind(name, name, [start + r - skipped], first + skipped)
  for (const [name, from] of SHARED) if (shared > 0) bind(name, from, [P], group * P)
  bound['rows'] = scratch.rows(sight.rows, start, r)
  const [columns, offset] = shared > 0 ? [sight.joint, group * (P + R)] : [sight.own, skipped]
  bound['columns'] = scratch.part(columns, [shared + start + r - skipped], offset)
  const part = { r, P: shared, ...(window !== undefined && { window }) }
  return { name: `attend part ${Object.values(part)}`, part, bound }
}

/** What rows of a forest see lies in stretches of rows, which are brought together where they are several. */
function placeBranches(
  engine: Engine,
  { sight }: Attending,
  { start, rows: r, seen }: BranchPiece,
  window: number | undefined,
  tensors: Tensors,
): Placed {
  const { scratch, config } = engine
  const { K, S, H } = headSizes(config)
  const t = lengthOf(seen)
  const apart = seen.length > 1 ? seen : undefined
  const together = (name: string, tensor: Tensor, shape: Shape): Tensor => {
    if (!apart) return scratch.part(tensor, shape, (seen[0]!.from * elements(shape)) / t)
    const to = scratch.take(tensor.dtype, `seen ${name}`, shape)
    copyRows(engine, tensor, to, { from: apart })
    return to
  }
  const { ends, rowPositions, columnPositions } = sight.forest!
  const bound: Record<string, Tensor> = {
    rows: scratch.rows(sight.rows, start, r),
    columns: together('columns', sight.own, [t]),
    ends: together('ends', ends, [t]),
    ...(window !== undefined && {
      rowPositions: scratch.rows(rowPositions, start, r),
      columnPositions: together('column positions', columnPositions, [t]),
    }),
  }
  for (const name of WIDE) if (tensors[name]) bound[name] = scratch.part(tensors[name], [r, K, S, H], start * K * S * H)
  for (const name of NARROW) if (tensors[name]) bound[name] = together(name, tensors[name], [t, K, H])
  const part = { r, P: 0, ...(window !== undefined && { window }), branching: true }
  return { name: `attend branches ${Object.values(part)}`, part, bound, ...(apart && { apart }) }
}

/** Rows that lie apart in one of two tensors, where `from` or `to` says, and one after the other in the other. */
function copyRows(
  { programs }: Engine,
  from: Tensor,
  to: Tensor,
  apart: { from: Stretch[] } | { to: Stretch[] },
): void {
  const reading = 'from' in apart
  const stretches = reading ? apart.from : apart.to
  const row = elements((reading ? to : from).shape) / lengthOf(stretches)
  let next = 0
  for (const { from: first, to: end } of stretches) {
    const width = (end - first) * row
    const [places, gathered] = [first * row, next * row]
    const where = reading ? { from: places, to: gathered } : { from: gathered, to: places }
    programs.device.copy(from, to, { width, count: 1, fromPitch: width, toPitch: width, ...where })
    next += end - first
  }
}

/** Tensors by their widths, all query heads or all key-value heads; and what is bound of the prompts, from where. */
const WIDE = ['queries', 'attended', 'd attended', 'd queries']
const ADDED = ['d keys', 'd values']
const NARROW = ['keys', 'values', ...ADDED]
const SHARED = [
  ['promptKeys', 'keys'],
  ['promptValues', 'values'],
  ['d prompt keys', 'd keys'],
  ['d prompt values', 'd values'],
] as const
