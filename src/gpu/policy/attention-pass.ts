// Attention of a whole batch, forward and backward: one run for each of its pieces.
//
// Letters as in block.ts.
import type { Batch } from './batch.ts'
import type { Engine, Sight } from './engine.ts'
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
import { piecesOf, type Piece } from '../net/pieces.ts'
import type { Tensor } from '../device/device.ts'
import type { Tensors } from '../device/programs.ts'
import type { Shape } from '../graph/tensor.ts'

export function sightOf({ config, precision, scratch }: Engine, { sizes, promptMask }: Batch): Sight {
  const { groups: N, prompt: P, completion: R } = sizes
  const L = Math.max(P, R)
  const own = Float32Array.from({ length: L }, (_, place) => placesOf.column(place))
  const joint = new Float32Array(N * (P + R))
  for (let n = 0; n < N; n++) {
    const start = n * (P + R)
    for (let i = 0; i < P; i++) joint[start + i] = promptMask?.[n * P + i] ? placesOf.hidden : placesOf.seen
    joint.set(own.subarray(0, R), start + P)
  }
  return {
    pieces: piecesOf(config, sizes),
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

/** `tensors`: queries [T, K·S·H], keys and values [T, K·H]; attended [T, K·S·H] is written. */
export function forwardAttention(
  engine: Engine,
  batch: Batch,
  sight: Sight,
  tensors: Tensors,
  rows: 'all' | 'completions' = 'all',
): void {
  for (const piece of readBy(sight, rows)) {
    const { name, whole, part, bound } = placed(engine, batch, sight, piece, tensors)
    engine.programs.run(name, () => (whole ? attendWhole(engine, whole) : attendPart(engine, part)), bound, bound)
  }
}

/**
 * `tensors`: those of forward, d attended, and d queries, which is written, d keys and d values in float32, which are added to;
 * of the shapes of what they are the gradients of.
 */
export function backwardAttention(
  engine: Engine,
  batch: Batch,
  sight: Sight,
  tensors: Tensors,
  rows: 'all' | 'completions' = 'all',
): void {
  for (const piece of readBy(sight, rows)) {
    const { name, whole, part, bound } = placed(engine, batch, sight, piece, tensors)
    const make = () => (whole ? attendWholeBackward(engine, whole) : attendPartBackward(engine, part))
    engine.programs.run(`${name} backward`, make, bound, bound)
  }
}

const readBy = ({ pieces }: Sight, rows: 'all' | 'completions'): Piece[] =>
  rows === 'all' ? pieces : pieces.filter(({ of }) => of === 'completion')

type Placed = { name: string; bound: Tensors } & (
  { whole: WholeSizes; part?: undefined } | { whole?: undefined; part: PartSizes }
)

/** A piece's part of every tensor. */
function placed({ config, scratch }: Engine, batch: Batch, sight: Sight, piece: Piece, tensors: Tensors): Placed {
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
  const shared = ofPrompt ? 0 : P
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
  for (const name of NARROW) bind(name, name, [start + r], first)
  for (const [name, from] of SHARED) if (shared > 0) bind(name, from, [P], group * P)
  bound['rows'] = scratch.rows(sight.rows, start, r)
  const [columns, offset] = shared > 0 ? [sight.joint, group * (P + R)] : [sight.own, 0]
  bound['columns'] = scratch.part(columns, [shared + start + r], offset)
  return { name: `attend part ${r} ${shared}`, part: { r, P: shared }, bound }
}

/** Tensors by their widths, all query heads or all key-value heads; and what is bound of the prompts, from where. */
const WIDE = ['queries', 'attended', 'd attended', 'd queries']
const NARROW = ['keys', 'values', 'd keys', 'd values']
const SHARED = [
  ['promptKeys', 'keys'],
  ['promptValues', 'values'],
  ['d prompt keys', 'd keys'],
  ['d prompt values', 'd values'],
] as const
