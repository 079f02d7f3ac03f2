// Generation on several devices: a prompt and all that continues it is written on one of them. A token depends on its key alone,
// so it does not matter on which.
import type { Policy } from '../policy/policy.ts'
import type { Completion, Session, SessionOptions, SlotRequest, Work } from '../policy/session.ts'
import { slotOf, type Turn } from '../policy/slot.ts'
import type { Remote } from './replica.ts'

/** Sessions over the model of this process and its copies elsewhere. The budget is that of each device. */
export function sessionsOver(own: Pick<Policy, 'open'>, others: readonly Remote[]): Policy['open'] {
  let opened = 0
  return (options = {}) => openSession(own.open(options), others, opened++, options)
}

function openSession(own: Session, others: readonly Remote[], number: number, options: SessionOptions): Session {
  const done = new Map<Remote, Work>()
  /** Which device has a prompt, 0 being this process: its samples share it there. */
  const places = new Map<readonly number[], number>()
  const placeOf = (prompt: readonly number[]): number => {
    const known = places.get(prompt) ?? places.size % (others.length + 1)
    places.set(prompt, known)
    return known
  }
  for (const other of others) ignore(other.call('open', number, options))
  const writeOn = async (other: Remote, turn: Turn): Promise<Completion> => {
    const { ids, sampling, key, origin, earlier } = turn
    const { completion, work } = await other.call('write', number, {
      ids,
      sampling,
      key,
      origin,
      ...(earlier && { earlier }),
    })
    done.set(other, work)
    return completion
  }
  const writeHere = async ({ ids, sampling, key, origin, alternatives, onToken }: Turn): Promise<Completion> => {
    const slot = own.submit({ ids, sampling, key, origin, alternatives, ...(onToken && { onToken }) })
    return await slot.completion.finally(slot.release)
  }
  return {
    budget: own.budget,
    work: () => [...done.values()].reduce(together, own.work()),
    submit(request) {
      const other = others[placeOf(request.ids) - 1]
      if (!other || isBound(request)) return own.submit(request)
      return slotOf(request, (turn) => {
        const written = isBound(turn) ? writeHere(turn) : writeOn(other, turn)
        written.then(turn.end, turn.fail)
      })
    },
    close() {
      own.close()
      for (const other of others) ignore(other.call('close', number))
    },
  }
}

/** Whether a function of this process has a part in it: then it is written here. */
const isBound = ({ sampling: { stop, mask, forced }, onToken, alternatives = 0 }: SlotRequest): boolean =>
  [stop, mask, forced, onToken].some((each) => each !== undefined) || alternatives > 0

/** Who has ended fails whatever is asked of it next. */
const ignore = (asked: Promise<unknown>): void => void asked.catch(() => {})

function together(a: Work, b: Work): Work {
  const read = a.read + b.read
  return {
    passes: a.passes + b.passes,
    read,
    written: a.written + b.written,
    whole: a.whole + b.whole,
    guessed: a.guessed + b.guessed,
    accepted: a.accepted + b.accepted,
    wasted: read === 0 ? 0 : (a.wasted * a.read + b.wasted * b.read) / read,
  }
}
