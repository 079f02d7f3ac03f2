// The end of a run: the model or adapter that came of it, with its card.
import { join } from 'node:path'
import type { FloatType } from '../../gpu/weights/number.ts'
import type { Trainable } from '../../gpu/policy/policy.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { readEvents, type Run } from '../../rundir/run.ts'
import { cardOf } from '../../rundir/card.ts'

/** Types of weights by the names that settings have for them. */
export const storedAs = { f32: 'F32', bf16: 'BF16', f16: 'F16' } as const satisfies Record<string, FloatType>

/** Write `final/` of the run. */
export async function finish(
  run: Run,
  policy: Trainable,
  { loraRank, saveDtype }: Pick<CommonRecipe, 'loraRank' | 'saveDtype'>,
  formula: readonly string[],
): Promise<void> {
  // A reward model is read by programs that know no adapters.
  const what = loraRank > 0 && policy.config.head === 'language' ? 'adapter' : 'model'
  const { final, events: path } = run.paths
  await policy.save(final, what, storedAs[saveDtype])
  const events = readEvents(path)
  writeFileAtomic(join(final, 'README.md'), cardOf({ run, events, what, formula }))
}
