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
import { piecesOf, type Piece, windowIn } from '../net/pieces.ts'
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
    const padding = promptMask?.subarray(n * P, (n + 1) * P).filter((masked) => masked !== 0).length ?? 0
    const real = P - padding
    for (let i = 0; i < P; i++) joint[start + i] = i < real ? placesOf.column(i - real) : placesOf.hidden
    joint.set(own.subarray(0, R), start + P)
  }
  return {
    pieces: (window) => piecesOf(config, sizes, window),
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
  for (const { name, whole, part, bound } of placed(engine, attending, tensors)) {
    const make = () => (whole ? attendWholeBackward(engine, whole) : attendPartBackward(engine, part))
    engine.programs.run(`${name} backward`, make, bound, bound)
  }
}

type Placed = { name: string; bound: Tensors } & (
  { whole: WholeSizes; part?: undefined } | { whole?: undefined; part: PartSizes }
)

/** Every piece with its part of every tensor. */
function placed(engine: Engine, attending: Attending, tensors: Tensors): Placed[] {
  const { batch, sight, layer, rows } = attending
  const window = windowIn(engine.config, batch.sizes, layer)
  const pieces = sight.pieces(window).filter(({ of }) => rows !== 'completions' || of === 'completion')
  return pieces.map((piece) => place(engine, attending, piece, window, tensors))
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

/** Tensors by their widths, all query heads or all key-value heads; and what is bound of the prompts, from where. */
const WIDE = ['queries', 'attended', 'd attended', 'd queries']
const NARROW = ['keys', 'values', 'd keys', 'd values']
const SHARED = [
  ['promptKeys', 'keys'],
  ['promptValues', 'values'],
  ['d prompt keys', 'd keys'],
  ['d prompt values', 'd values'],
] as const
