// What a model says of a question and what its hidden states are: the inside of a probe's arithmetic.
import type { Model } from '../../gpu/policy/model.ts'
import { HoneError } from '../../error.ts'
import type { Item, Text } from './rows.ts'
import { dot } from './vector.ts'

/** States by layer, then by position: [D] each. */
export type States = ReadonlyMap<number, readonly ArrayLike<number>[]>

/** The residual stream of a text at some layers and positions. @throws HoneError where its answer is too short for a position */
export function statesAt(
  model: Pick<Model, 'hidden' | 'config'>,
  { prompt, answer }: Text,
  { layers, positions, at }: { layers: readonly number[]; positions: readonly number[]; at: string },
): States {
  const last = Math.max(...positions)
  if (last > answer.length)
    throw new HoneError(`Cannot look at position ${last}: the answer has ${answer.length} tokens`, {
      at,
      hint: 'position 0 is the last token of the prompt, 1 the first of the answer',
    })
  const D = model.config.hidden
  const { residual } = model.hidden([...prompt, ...answer.slice(0, last)])
  const stateOf = (layer: number, position: number) => {
    const from = (prompt.length - 1 + position) * D
    return residual[layer]!.slice(from, from + D)
  }
  return new Map(layers.map((layer) => [layer, positions.map((position) => stateOf(layer, position))]))
}

export type Directions = readonly { layer: number; direction: ArrayLike<number> }[]

/** ⟨h, v⟩, the mean over layers and positions. */
export function scoreOf(states: States, directions: Directions): number {
  const all = directions.flatMap(({ layer, direction }) => states.get(layer)!.map((state) => dot(state, direction)))
  return all.reduce((a, b) => a + b, 0) / all.length
}

/** The first token of each answer. */
export interface Words {
  yes: number
  no: number
}

/** Where states are read. */
export interface Looks {
  directions: readonly { layer: number }[]
  positions: readonly number[]
}

/** What the model says of the item, and its states where the probe looks: after an answer, those of the one that it gives. */
export function ask(
  model: Pick<Model, 'forward' | 'hidden' | 'config'>,
  { prompt, at }: Item,
  { yes, no }: Words,
  { directions, positions }: Looks,
): { said: boolean; pYes: number; states: States } {
  const { logprobs } = model.forward([{ prompt, completions: [[yes], [no]] }], { temperature: 1 })
  const [forYes = 0, forNo = 0] = logprobs[0]!.map(([first]) => first!)
  const said = forYes > forNo
  const text = { prompt, answer: [said ? yes : no] }
  const states = statesAt(model, text, { layers: directions.map(({ layer }) => layer), positions, at })
  return { said, pYes: 1 / (1 + Math.exp(forNo - forYes)), states }
}
