// Hone rows judged by a reward in place of their calls, and responses told apart by how long they were thought about.
import { completionIn, idOf } from '../../dialogue/row.ts'
import type { Judged, OpenBenchmark } from '../../eval/benchmark.ts'
import { rightScores } from '../../eval/rows/scores.ts'
import { toSample } from '../../reward/rows.ts'
import { openScorer } from '../../reward/scorer.ts'
import { isObject, type JsonObject } from '../../text/json.ts'
import { readRowValues } from '../../data/rows.ts'

export interface Rewarded extends OpenBenchmark {
  /** Ends the processes of a user's reward. */
  close(): void
}

/** The rows of `data` judged by the reward: 1 or more is right. @throws HoneError for a reward or rows that cannot be used */
export async function judgedByReward(open: OpenBenchmark, data: string, reward: string): Promise<Rewarded> {
  const rows = new Map<string, JsonObject>()
  for await (const { line, value } of readRowValues(data)) if (isObject(value)) rows.set(idOf(value, line), value)
  const scorer = openScorer(reward)
  return {
    ...open,
    close: scorer.close,
    async judge(response) {
      // It finds the row, or says that there is none.
      const { id, category } = await open.judge(response)
      const completion = completionIn(response.record) ?? ''
      const { needsTruth = true } = scorer
      const sample = toSample({ ...rows.get(id), completion }, response.at, { needsTruth })
      const { score, fault } = (await scorer.score([sample]))[0]!
      const right = fault === null && score >= 1
      const judgement = { verdict: right, error_type: right ? null : 'reward', fault, reward: score }
      return { id, category, score: right ? 1 : 0, judgement, response: completion }
    },
    scores: (judged) => rightScores(judged, `share of responses that ${reward} gives 1 or more`),
  }
}

const categoryOf = (budget: unknown) => `thought of ${String(budget)} tokens`

/** Responses by the budget of their thoughts, each with its own share of right ones. */
export function byBudget(open: OpenBenchmark): OpenBenchmark {
  return {
    ...open,
    async judge(response) {
      return { ...(await open.judge(response)), category: categoryOf(response.record['budget']) }
    },
    scores: (judged: readonly Judged[]) =>
      [...Map.groupBy(judged, ({ category }) => category)].flatMap(([category, members]) =>
        rightScores(members, '').map((score) => ({ ...score, name: `${score.name}, ${category}`, what: score.what })),
      ),
  }
}
