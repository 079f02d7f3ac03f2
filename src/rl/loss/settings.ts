// The settings of the loss, each table's with those that its rows read.
import * as v from 'valibot'
import { atLeast, begins, names, say, share, type Settings } from '../../text/setting.ts'
import { aggregations } from './aggregate.ts'
import { importanceSettings } from './importance.ts'
import { klSettings } from './kl.ts'
import { ratios } from './ratio.ts'
import { surrogates, surrogateSettings } from './surrogate.ts'

export const lossSettings = {
  surrogate: begins('Loss', say(v.optional(names(surrogates), 'clip'), 'policy objective')),
  ratio: say(v.optional(names(ratios), 'token'), 'what the ratio is taken over', 'importance_sampling_level'),
  aggregation: say(v.optional(names(aggregations), 'token'), 'how token losses are averaged', 'loss_agg_mode'),
  ...surrogateSettings,
  ...klSettings,
  ...importanceSettings,
  entropyCoefficient: begins(
    'Loss',
    say(
      v.optional(atLeast(-1e30), 0),
      'weight of the entropy bonus, which is averaged as the token losses are',
      'entropy_coef',
      'entropy_coeff',
    ),
  ),
  topEntropyShare: say(
    v.optional(v.pipe(share(), v.gtValue(0)), 1),
    'share of tokens, those of highest entropy at each update, with a policy loss',
    'top_entropy_quantile',
  ),
}
export type LossSettings = Settings<typeof lossSettings>
