// What a policy learns by, as entries of the manual: advantages, and each part of the loss, with its formula under the usual settings.
import * as v from 'valibot'
import type { Entry } from '../page.ts'
import { type AdvantageRow, advantages, advantageSettings } from '../../rl/advantage.ts'
import { aggregations } from '../../rl/loss/aggregate.ts'
import { corrections } from '../../rl/loss/importance.ts'
import { klEstimators } from '../../rl/loss/kl.ts'
import { type PairLossRow, pairLosses, pairSettings } from '../../rl/loss/pair.ts'
import { ratios } from '../../rl/loss/ratio.ts'
import { type SurrogateRow, surrogates, surrogateSettings } from '../../rl/loss/surrogate.ts'

interface Row {
  what: string
  reads?: readonly string[]
}

export function advantageEntries(): Entry[] {
  const usual = v.parse(v.object(advantageSettings), {})
  return entries<AdvantageRow>(advantages, undefined, ({ formula }) => `A = ${formula(usual)}`)
}

export function lossEntries(): Entry[] {
  const [usual, ofPairs] = [v.parse(v.object(surrogateSettings), {}), v.parse(v.object(pairSettings), {})]
  return [
    ...entries<SurrogateRow>(surrogates, 'Policy objectives (surrogate)', ({ formula }) => formula(usual)),
    ...entries(ratios, 'Ratios (ratio)', ({ formula }) => `ρ = ${formula}`),
    ...entries(aggregations, 'Averages (aggregation)'),
    ...entries(klEstimators, 'Estimators of the KL (klEstimator), of d = logprob − reference'),
    ...entries(corrections, 'Corrections of the sampler (importanceCorrection)'),
    ...entries<PairLossRow>(pairLosses, 'Objectives on pairs (loss of hone dpo)', ({ formula }) => formula(ofPairs)),
  ]
}

function entries<R extends Row>(
  table: Readonly<Record<string, R>>,
  section: string | undefined,
  formula?: (row: R) => string,
): Entry[] {
  return Object.entries(table).map(([name, row]) => {
    const more = [
      ...(formula ? [`\`\`\`\n${formula(row)}\n\`\`\``] : []),
      ...(row.reads && row.reads.length > 0
        ? [`Settings that it reads: ${row.reads.map((key) => `\`${key}\``).join(', ')}.`]
        : []),
    ]
    return {
      name,
      what: row.what,
      ...(section !== undefined && { section }),
      ...(more.length > 0 && { more: more.join('\n\n') }),
    }
  })
}
