// What turns are worth: advantages of the turns of episodes, each compared with turns of its group.
import { deviation, mean, sum } from '../eval/statistics.ts'

/** The turns of the model, per group, completion and turn. */
export interface Turned {
  /** What each turn earned. */
  rewards: readonly (readonly (readonly number[])[])[]
  /** What the model read before each turn: where it is the same, turns stand at the same point. */
  states: readonly (readonly (readonly string[])[])[]
}

export interface TurnOptions {
  gamma: number
  turnWeight: number
  advantageEpsilon: number
}

type TurnValues = number[][][]

/** Σⱼ≥ₖ γʲ⁻ᵏ·rⱼ of each turn k. */
export function returnsOf(rewards: readonly number[], gamma: number): number[] {
  let left = 0
  return rewards
    .toReversed()
    .map((reward) => (left = reward + gamma * left))
    .toReversed()
}

/** Returns of turns less the mean of all turns of the group, over their deviation. */
export function discountedTurns({ rewards }: Turned, { gamma, advantageEpsilon }: TurnOptions): TurnValues {
  return rewards.map((group) => {
    const returns = group.map((turns) => returnsOf(turns, gamma))
    const within = normalizer(returns.flat(), advantageEpsilon)
    return returns.map((turns) => turns.map(within))
  })
}

/** MT-GRPO (arXiv 2505.11821): turns before the last are compared with the same turns of the group, and share what the outcome is worth. */
export function sameTurns({ rewards }: Turned, { turnWeight, advantageEpsilon }: TurnOptions): TurnValues {
  return rewards.map((group) => {
    const outcome = normalizer(
      group.flatMap((turns) => turns.slice(-1)),
      advantageEpsilon,
    )
    const longest = Math.max(0, ...group.map((turns) => turns.length))
    const within = Array.from({ length: longest }, (_, k) =>
      normalizer(
        group.flatMap((turns) => (k < turns.length - 1 ? [turns[k]!] : [])),
        advantageEpsilon,
      ),
    )
    return group.map((turns) =>
      turns.map((reward, k) => {
        const whole = outcome(turns.at(-1)!)
        return k === turns.length - 1 ? whole : whole + turnWeight * within[k]!(reward)
      }),
    )
  })
}

/** GiGPO (arXiv 2505.10978): what the episode is worth, and the return of a turn among those that began at the same point. */
export function sameStates(
  { rewards, states }: Turned,
  { gamma, turnWeight, advantageEpsilon }: TurnOptions,
): TurnValues {
  return rewards.map((group, g) => {
    const totals = group.map((turns) => sum(turns))
    const episode = normalizer(totals, advantageEpsilon)
    const returns = group.map((turns) => returnsOf(turns, gamma))
    const all = returns.flatMap((turns, i) => turns.map((value, k) => ({ state: states[g]![i]![k]!, value })))
    const byState = Map.groupBy(all, ({ state }) => state)
    const within = new Map(
      [...byState].map(([state, some]) => [
        state,
        normalizer(
          some.map(({ value }) => value),
          advantageEpsilon,
        ),
      ]),
    )
    return returns.map((turns, i) =>
      turns.map((value, k) => episode(totals[i]!) + turnWeight * within.get(states[g]![i]![k]!)!(value)),
    )
  })
}

/** (x − mean) / (standard deviation + ε) of values among themselves; 0 where they say nothing, as one alone does. */
function normalizer(values: readonly number[], epsilon: number): (value: number) => number {
  if (values.every((value) => value === values[0])) return () => 0
  const [middle, spread] = [mean(values), deviation(values)]
  return (value) => (value - middle) / (spread + epsilon)
}
