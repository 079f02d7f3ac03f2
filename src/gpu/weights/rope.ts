// Rotary position embedding: one row per scaling kind that a config.json may ask for, and the frequencies it gives.
import * as v from 'valibot'

export interface Rope {
  theta: number
  scaling: RopeScaling
}

export type RopeScaling =
  | { kind: 'none' }
  | { kind: 'linear'; factor: number }
  | { kind: 'llama3'; factor: number; low: number; high: number; originalMax: number }
  | { kind: 'yarn'; factor: number; fast: number; slow: number; originalMax: number; amplitude: number }

interface ScalingKind {
  schema: v.GenericSchema<unknown, RopeScaling>
}

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0))

/** Scaling kinds by the name config.json gives them (`rope_type`, formerly `type`). */
export const scalingKinds: Record<string, ScalingKind> = {
  default: {
    schema: v.pipe(
      v.unknown(),
      v.transform((): RopeScaling => ({ kind: 'none' })),
    ),
  },
  linear: {
    schema: v.pipe(
      v.looseObject({ factor: Positive }),
      v.transform(({ factor }): RopeScaling => ({ kind: 'linear', factor })),
    ),
  },
  llama3: {
    schema: v.pipe(
      v.looseObject({
        factor: Positive,
        low_freq_factor: Positive,
        high_freq_factor: Positive,
        original_max_position_embeddings: Positive,
      }),
      v.transform((said): RopeScaling => ({
        kind: 'llama3',
        factor: said.factor,
        low: said.low_freq_factor,
        high: said.high_freq_factor,
        originalMax: said.original_max_position_embeddings,
      })),
    ),
  },
  yarn: {
    schema: v.pipe(
      v.looseObject({
        factor: Positive,
        original_max_position_embeddings: Positive,
        beta_fast: v.nullish(Positive, 32),
        beta_slow: v.nullish(Positive, 1),
        attention_factor: v.nullish(Positive),
        mscale: v.nullish(v.never('mscale is not supported')),
        truncate: v.optional(v.literal(true, 'truncate: false is not supported'), true),
      }),
      v.transform((said): RopeScaling => ({
        kind: 'yarn',
        factor: said.factor,
        fast: said.beta_fast,
        slow: said.beta_slow,
        originalMax: said.original_max_position_embeddings,
        amplitude: said.attention_factor ?? (said.factor <= 1 ? 1 : 0.1 * Math.log(said.factor) + 1),
      })),
    ),
  },
}

/** What cosines and sines are multiplied by. */
export const amplitude = ({ scaling }: Rope): number => (scaling.kind === 'yarn' ? scaling.amplitude : 1)

/** Angle per position of each rotated pair, in radians: [headDim / 2], float64. */
export function inverseFrequencies({ theta, scaling }: Rope, headDim: number): Float64Array {
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, pair) => theta ** ((-2 * pair) / headDim))
  if (scaling.kind !== 'yarn') return frequencies.map((frequency) => scale(frequency, scaling))
  const ramp = yarnRamp(scaling, theta, headDim)
  return frequencies.map((frequency, pair) => frequency * (1 - ramp[pair]! + ramp[pair]! / scaling.factor))
}

/** Llama 3 keeps short wavelengths, divides long ones by `factor` and blends between (arXiv 2407.21783, section 3.2). */
function scale(frequency: number, scaling: Exclude<RopeScaling, { kind: 'yarn' }>): number {
  if (scaling.kind === 'none') return frequency
  if (scaling.kind === 'linear') return frequency / scaling.factor
  const turns = (scaling.originalMax * frequency) / (2 * Math.PI)
  const keep = Math.min(1, Math.max(0, (turns - scaling.low) / (scaling.high - scaling.low)))
  return (1 - keep) * (frequency / scaling.factor) + keep * frequency
}

/** How far each pair is interpolated: not at all where it turns `fast` times in the original length, wholly below `slow` (arXiv 2309.00071, section 3.2). */
function yarnRamp(
  { fast, slow, originalMax }: Extract<RopeScaling, { kind: 'yarn' }>,
  theta: number,
  headDim: number,
): Float64Array {
  const pairOf = (turns: number) => (headDim * Math.log(originalMax / (2 * Math.PI * turns))) / (2 * Math.log(theta))
  const low = Math.max(Math.floor(pairOf(fast)), 0)
  const high = Math.min(Math.ceil(pairOf(slow)), headDim - 1)
  const width = high === low ? 0.001 : high - low
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => Math.min(1, Math.max(0, (pair - low) / width)))
}
