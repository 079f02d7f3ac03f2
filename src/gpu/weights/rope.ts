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
}

/** Angle per position of each rotated pair, in radians: [headDim / 2], float64. */
export function inverseFrequencies({ theta, scaling }: Rope, headDim: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => scale(theta ** ((-2 * pair) / headDim), scaling))
}

/** Llama 3 keeps short wavelengths, divides long ones by `factor` and blends between (arXiv 2407.21783, section 3.2). */
function scale(frequency: number, scaling: RopeScaling): number {
  if (scaling.kind === 'none') return frequency
  if (scaling.kind === 'linear') return frequency / scaling.factor
  const turns = (scaling.originalMax * frequency) / (2 * Math.PI)
  const keep = Math.min(1, Math.max(0, (turns - scaling.low) / (scaling.high - scaling.low)))
  return (1 - keep) * (frequency / scaling.factor) + keep * frequency
}
