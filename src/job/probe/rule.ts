// When a decision is turned round: beyond a threshold of a score, fitted where the right decisions are known.
import * as v from 'valibot'

export const sides = ['below', 'above'] as const
export type Side = (typeof sides)[number]

/** Turn the decision round where the score lies on that side of the threshold; null never does. */
export const Rule = v.nullable(v.object({ side: v.picklist(sides), threshold: v.number() }))
export type Rule = v.InferOutput<typeof Rule>

export const turns = (rule: Rule, score: number): boolean =>
  rule !== null && (rule.side === 'below' ? score < rule.threshold : score > rule.threshold)

/** A decision that may be turned round, and whether that would make it right. */
export interface Turnable {
  score: number
  wrong: boolean
}

/**
 * The rule after which most of the decisions are right. Thresholds lie half way between neighbouring scores; of equally good rules
 * the one that turns fewest round, then the first of `allowed`.
 */
export function fitRule(decisions: readonly Turnable[], allowed: readonly Side[] = sides): Rule {
  let best = { gain: 0, turned: 0, rule: null as Rule }
  const upward = decisions.toSorted((a, b) => a.score - b.score)
  for (const side of allowed) {
    const order = side === 'below' ? upward : upward.toReversed()
    let gain = 0
    for (const [i, { score, wrong }] of order.entries()) {
      gain += wrong ? 1 : -1
      const next = order[i + 1]?.score
      if (next === score) continue
      const turned = i + 1
      if (gain < best.gain || (gain === best.gain && turned >= best.turned)) continue
      const beyond = score + (side === 'below' ? 1 : -1)
      best = { gain, turned, rule: { side, threshold: (score + (next ?? beyond)) / 2 } }
    }
  }
  return best.rule
}
