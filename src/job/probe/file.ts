// A probe as a file: where it looks, the directions, and the rules that were fitted.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { readWhole } from '../../text/whole.ts'
import { Rules } from './decide.ts'

const whole = (least: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least))

export const Probe = v.object({
  /** Width of the hidden states. */
  hidden: whole(1),
  /** Layers of the residual stream, 0 the embeddings, each with its direction of length 1. */
  directions: v.pipe(v.array(v.object({ layer: whole(0), direction: v.array(v.number()) })), v.minLength(1)),
  /** Tokens whose states are read: 0 the last of the prompt, 1 the first of the answer. */
  positions: v.pipe(v.array(whole(0)), v.minLength(1)),
  /** The two answers. */
  yes: v.string(),
  no: v.string(),
  /** When an answer is turned round; absent where none were fitted. */
  rules: v.exactOptional(Rules),
})
export type Probe = v.InferOutput<typeof Probe>

export function writeProbe(path: string, probe: Probe): void {
  writeFileAtomic(path, `${JSON.stringify(probe)}\n`)
}

/** @throws HoneError for what is no probe, and for one of a model of another width or depth */
export function readProbe(path: string, { hidden, layers }: { hidden: number; layers: number }): Probe {
  const text = readWhole(path, 'Cannot read the probe')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const parsed = v.safeParse(Probe, value)
  if (!parsed.success)
    throw new HoneError('Cannot read the probe: it is none that hone wrote', {
      at: path,
      hint: '`hone probe MODEL --pairs FILE -o PROBE` writes one',
    })
  const probe = parsed.output
  const fits =
    probe.hidden === hidden &&
    probe.directions.every(({ layer, direction }) => layer <= layers && direction.length === hidden)
  if (!fits)
    throw new HoneError(
      `Cannot use the probe: it was fitted on states of width ${probe.hidden}, the model's are ${layers} layers of ${hidden}`,
      { at: path },
    )
  return probe
}
