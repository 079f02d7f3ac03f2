// Compiled sessions that nobody uses for now: a model that is opened again, or one of the same form, need not wait for them.
import type { Handle, Ort } from '../ort/ort.ts'

/** Sessions kept at once; weights are not among what they hold. The one that idles longest makes room. */
const KEPT = 256

export interface IdleSessions {
  /** One of that model, for whom it is from now on; undefined where none idles. */
  take(model: Uint8Array): Handle<'session'> | undefined
  /** It is used no more. */
  give(model: Uint8Array, session: Handle<'session'>): void
}

const known = new WeakMap<Ort, IdleSessions>()

/** Those of a runtime, for all devices over it. */
export function idleSessions(ort: Ort): IdleSessions {
  const idle = known.get(ort) ?? open(ort)
  known.set(ort, idle)
  return idle
}

function open(ort: Ort): IdleSessions {
  const sessions: { key: string; session: Handle<'session'> }[] = []
  return {
    take(model) {
      const key = keyOf(model)
      const at = sessions.findLastIndex((each) => each.key === key)
      return at < 0 ? undefined : sessions.splice(at, 1)[0]!.session
    },
    give(model, session) {
      sessions.push({ key: keyOf(model), session })
      if (sessions.length > KEPT) ort.releaseSession(sessions.shift()!.session)
    },
  }
}

const keyOf = (model: Uint8Array): string => `${model.length} ${Bun.hash(model)} ${Bun.hash(model, 1)}`
