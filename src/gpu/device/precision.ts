// Element types of models: what is asked for by one name, and what that means on a device.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { say } from '../../text/setting.ts'
import type { Float } from '../graph/float.ts'

export interface Precision {
  /** Of the weights that graphs read. What is trained has float32 masters beside them, whose moments and gradients are float32. */
  weights: Float
  /** Of activations: the residual stream, keys and values, the operands of matrix products. */
  compute: Float
  /** Of the softmax over the vocabulary, and of what comes of it. */
  reduce: Float
}

export const float32: Precision = { weights: 'f32', compute: 'f32', reduce: 'f32' }

const choices = ['auto', 'f32', 'tf32', 'bf16', 'f16'] as const

/** `auto` is the type that the device prefers, `tf32` float32 whose products a GPU may round to 10 bits of mantissa. */
export type DTypeSpec = (typeof choices)[number]

export const dtypeSetting = (fallback: DTypeSpec = 'auto') =>
  say(
    v.optional(v.picklist(choices), fallback),
    'type of weights and activations; auto is bf16 where the device is a GPU that has it, else f32; tf32 is f32 with quicker, rounder products of a GPU',
  )

/** What a device computes models in, the type that it prefers first, and whether it has TF32. */
export interface Types {
  readonly floats: readonly [Float, ...Float[]]
  readonly tf32: boolean
}

/** What `asked` means on the device of that name. @throws HoneError where the device does not compute in it. */
export function precisionOf(asked: DTypeSpec, name: string, { floats, tf32 }: Types): Precision {
  const dtype = asked === 'auto' ? floats[0] : asked === 'tf32' && tf32 ? 'f32' : asked
  if (dtype === 'tf32' || !floats.includes(dtype))
    throw new HoneError(`Cannot compute in ${asked} on ${name}: it has no kernels for that`, {
      hint: `use --dtype ${floats.join(' or ')}${name === 'cpu' ? '; the type of saved weights is --save-dtype' : ''}`,
    })
  return dtype === 'f32' ? float32 : { weights: dtype, compute: dtype, reduce: 'f32' }
}
