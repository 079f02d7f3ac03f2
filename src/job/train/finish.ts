// The end of a run: the model or adapter that came of it, with its card.
import { join } from 'node:path'
import type { Policy } from '../../gpu/policy/policy.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { readEvents, type Run } from '../../rundir/run.ts'
import { cardOf } from '../../rundir/card.ts'

/** Write `final/` of the run. */
export async function finish(
  run: Run,
  policy: Policy,
  { loraRank }: { loraRank: number },
  formula: readonly string[],
): Promise<void> {
  const what = loraRank > 0 ? 'adapter' : 'model'
  const { final, events: path } = run.paths
  await policy.save(final, what)
  const events = readEvents(path)
  writeFileAtomic(join(final, 'README.md'), cardOf({ run, events, what, formula }))
}
