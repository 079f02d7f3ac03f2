// Samples of one prompt as a tree: where a turn after a result is less sure than the first one was, another sample may begin with all
// that was before it (ARPO, arXiv 2507.19849 section 3.1).
//
// The surprise of a turn is the sum of −Σ p·ln p over the likeliest candidates of its first tokens, over ln V. The published code
// measures the turn that ends in a call and branches after the result; as its paper says, the turn after the result is measured here,
// and the branch begins where that turn does. Unlike there, a branch is compared with the first turn of its own trajectory.
import { uniform } from '../rng.ts'
import type { Playing } from './episode.ts'
import { KEY } from './order.ts'
import type { Sampled } from './record.ts'

export interface Branching {
  /** N: samples that begin at the prompt. */
  initial: number
  /** A turn has beam − 1 chances to become two. */
  beam: number
  alpha: number
  beta: number
  /** V */
  vocabulary: number
}

/** Tokens of a turn that are measured, as the published code does. */
export const WATCHED = 20

/** P = α + β·(H − H₀)/ln V, as a probability. */
export function chanceOf(
  { alpha, beta, vocabulary }: Omit<Branching, 'initial' | 'beam'>,
  first: number,
  now: number,
): number {
  return Math.min(1, Math.max(0, alpha + (beta * (now - first)) / Math.log(vocabulary)))
}

interface Tree {
  /** M */
  samples: number
  /** Of the group; sample i draws its branches by its turns' places. */
  key: readonly number[]
  branching: Branching
  /** A sample from the prompt. */
  begin(sample: number): Promise<Playing | Sampled>
  /** A sample that goes on from before the turn that another one has written; undefined where that cannot be had again. */
  fork(from: Playing, sample: number): Promise<Playing | undefined>
}

interface Active {
  sample: number
  playing: Playing
  branch?: Sampled['branch']
}

export const isPlaying = (begun: Playing | Sampled): begun is Playing => 'write' in begun

/**
 * `samples` completions, of which those in `begun` begin at the prompt; where all have ended and some are missing, one more does.
 * Turn by turn, so that what branches off does not depend on which is written first.
 */
export async function playTree(begun: readonly (Playing | Sampled)[], tree: Tree): Promise<Sampled[]> {
  const completions: Sampled[] = []
  let active: Active[] = []
  let count = 0
  const enter = (each: Playing | Sampled) => {
    if (isPlaying(each)) active.push({ sample: count++, playing: each })
    else completions[count++] = each
  }
  begun.forEach(enter)
  try {
    while (active.length > 0 || count < tree.samples) {
      if (active.length === 0) enter(await tree.begin(count))
      await Promise.all(active.map(({ playing }) => playing.write()))
      const branches: Active[] = []
      for (const each of active)
        for (let attempt = 1; attempt < tree.branching.beam && count < tree.samples; attempt++) {
          const from = isSplit(each, attempt, tree) && (await tree.fork(each.playing, count))
          if (from)
            branches.push({ sample: count++, playing: from, branch: { from: each.sample, at: from.past().ids.length } })
        }
      const ended = await Promise.all(active.map(({ playing }) => playing.answer()))
      active = active.filter(({ sample, playing, branch }, i) => {
        if (ended[i] === undefined) return true
        completions[sample] = { ...ended[i], ...(branch && { branch }) }
        playing.close()
        return false
      })
      active.push(...branches)
    }
  } finally {
    for (const { playing } of active) playing.close()
  }
  return completions
}

/** Whether a turn after a result becomes two. */
function isSplit({ sample, playing }: Active, attempt: number, { key, branching }: Tree): boolean {
  const { ids, surprise } = playing.past()
  if (surprise === undefined) return false
  return uniform(...key, sample, ids.length, KEY.branch, attempt) < chanceOf(branching, surprise, playing.surprise())
}
