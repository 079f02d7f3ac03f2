// Yes or no, with and without a probe: what the model says, what its probabilities say, and what its hidden states say of that.
import * as v from 'valibot'
import { fitRule, Rule, turns, type Turnable } from './rule.ts'

/** What is known of a row that the model was asked about. */
export interface Answered {
  /** The likelier of the two answers. */
  said: boolean
  /** P(yes) / (P(yes) + P(no)). */
  pYes: number
  /** Of the hidden states. */
  score: number
}

/** One rule for what was said, by what was said. */
export const Rules = v.object({ yes: Rule, no: Rule })
export type Rules = v.InferOutput<typeof Rules>

/** What was said, turned round where the rule for that says so. */
export const decide = ({ yes, no }: Rules, said: boolean, score: number): boolean =>
  turns(said ? yes : no, score) ? !said : said

export interface Labelled {
  answered: Answered
  /** The right answer. */
  label: boolean
}

/** What decides by rules that are fitted. */
export interface Method {
  what: string
  /** Of answers with their right ones. */
  fit(rows: readonly Labelled[]): Rules
  decide(rules: Rules, answered: Answered): boolean
}

const NEVER: Rules = { yes: null, no: null }

/** A method that turns what was said round by a score of its own. */
export const byScore = (what: string, score: (answered: Answered) => number): Method => ({
  what,
  fit(rows) {
    const of = (said: boolean): Turnable[] =>
      rows
        .filter(({ answered }) => answered.said === said)
        .map(({ answered, label }) => ({ score: score(answered), wrong: label !== said }))
    return { yes: fitRule(of(true)), no: fitRule(of(false)) }
  },
  decide: (rules, answered) => decide(rules, answered.said, score(answered)),
})

/** MeCo's baselines, and the probe. */
export const methods = {
  naive: { what: 'the answer that the model gives', fit: () => NEVER, decide: (_, { said }) => said },
  'p-yes': {
    what: 'P(yes) against one threshold',
    // Everything is no, and yes beyond the threshold.
    fit: (rows) => ({
      yes: null,
      no: fitRule(
        rows.map(({ answered, label }) => ({ score: answered.pYes, wrong: label })),
        ['above'],
      ),
    }),
    decide: (rules, { pYes }) => decide(rules, false, pYes),
  },
  'p-yes-2': byScore('P(yes) against a threshold for each answer', ({ pYes }) => pYes),
  probe: byScore('the score of the hidden states against a threshold for each answer', ({ score }) => score),
} satisfies Record<string, Method>
export type MethodName = keyof typeof methods
/** What stands against the probe: the same along a direction that means nothing. */
export const RANDOM = 'random'
