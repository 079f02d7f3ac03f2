// Passes of several devices at a time: what is asked for in one go is a round, whose k-th pass the k-th device takes.
import type { Group, Pass, PassOptions, Results } from '../policy/policy.ts'
import type { Remote } from './replica.ts'

interface Asked {
  groups: readonly Group[]
  options: PassOptions
  /** From what the pass found to the slopes of its backward. */
  slopesOf?: ((found: Results) => Results) | undefined
  resolve(found: Results): void
  reject(cause: unknown): void
}

/** Asks for a pass, and with `slopesOf` for its backward. */
export type Passing = (
  groups: readonly Group[],
  options: PassOptions,
  slopesOf?: (found: Results) => Results,
) => Promise<Results>

/**
 * The device of this process takes the first pass of a round. Slopes are asked for in the order of the passes, whichever is ready
 * first, so that sums over them come out alike in every run; `onBackward` is told which of the others has gradients.
 */
export function roundsOver(
  own: { pass(groups: readonly Group[], options: PassOptions): Pass },
  others: readonly Remote[],
  onBackward: (other: Remote) => void,
): Passing {
  let waiting: Asked[] = []
  let last = Promise.resolve()
  const take = async (round: readonly Asked[]): Promise<void> => {
    const elsewhere = round.slice(1).map(({ groups, options }, k) => others[k]!.call('pass', groups, options))
    for (const each of elsewhere) each.catch(() => {})
    await sent()
    const pass = own.pass(round[0]!.groups, round[0]!.options)
    const found = [pass.results, ...(await Promise.all(elsewhere))]
    const [slopes, ...others_] = round.map(({ slopesOf }, k) => slopesOf?.(found[k]!))
    const backward = others_.flatMap((each, k) => {
      if (!each) return []
      onBackward(others[k]!)
      return [others[k]!.call('backward', each)]
    })
    for (const each of backward) each.catch(() => {})
    await sent()
    if (slopes) pass.backward(slopes)
    await Promise.all(backward)
    round.forEach(({ resolve }, k) => resolve(found[k]!))
  }
  const takeAll = async (asked: readonly Asked[]): Promise<void> => {
    const width = others.length + 1
    for (let next = 0; next < asked.length; next += width) {
      const round = asked.slice(next, next + width)
      await take(round).catch((cause: unknown) => round.forEach(({ reject }) => reject(cause)))
    }
  }
  return (groups, options, slopesOf) => {
    const { promise, resolve, reject } = Promise.withResolvers<Results>()
    if (waiting.length === 0)
      setImmediate(() => {
        const asked = waiting
        waiting = []
        last = last.then(() => takeAll(asked))
      })
    waiting.push({ groups, options, slopesOf, resolve, reject })
    return promise
  }
}

/** What was asked of others is on its way before this process computes, and hears nothing for a while. */
const sent = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
