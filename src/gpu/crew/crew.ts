// One model on several devices, each in a process of its own: passes are divided, gradients added up here, and every copy gets what
// the update makes of them. So all have the same weights, whatever they run on, and the state is this process's alone.
import { forwardOf, type Model } from '../policy/model.ts'
import type { Policy, Trainable } from '../policy/policy.ts'
import type { Scorer, ScorerModel } from '../policy/scorer.ts'
import type { Inspected } from '../policy/trainable.ts'
import { type Exchange, SLOTS } from './exchange.ts'
import type { Remote } from './replica.ts'
import { roundsOver } from './rounds.ts'
import { sessionsOver } from './sessions.ts'

/** The model of this process and its copies, `others[k]` having the place k + 1 of the exchange. */
export interface Crew<Own> {
  own: Own
  others: readonly Remote[]
  exchange: Exchange
}

export function policyOver(crew: Crew<Model>): Policy {
  const { own, others } = crew
  const { trainable, graded } = trainableOver(crew)
  const pass = roundsOver(own, others, graded)
  return {
    ...trainable,
    open: sessionsOver(own, others),
    forward: async (groups, options) => forwardOf(await pass(groups, { ...options, keep: false })),
    async accumulate(groups, options, gradient) {
      await pass(groups, { ...options, keep: true }, (found) => ({ ...gradient(forwardOf(found)) }))
    },
  }
}

export function scorerOver(crew: Crew<ScorerModel>): Scorer {
  const { trainable, graded } = trainableOver(crew)
  const pass = roundsOver(crew.own, crew.others, graded)
  return {
    ...trainable,
    values: async (groups) => (await pass(groups, { temperature: 1, keep: false }))['values']!,
    async accumulate(groups, gradient) {
      await pass(groups, { temperature: 1, keep: true }, ({ values }) => ({ values: gradient(values!) }))
    },
  }
}

/** What does not depend on the head. `graded` is to be told of copies that have gradients. */
function trainableOver({ own, others, exchange }: Crew<Inspected>): {
  trainable: Trainable
  graded: (other: Remote) => void
} {
  const withGradients = new Set<Remote>()
  const askAll = (ask: (other: Remote) => Promise<unknown>) => Promise.all(others.map(ask))
  /** All stretches, as many at a time as are passed on together. */
  const windows = () => {
    const { count } = own.stretches()
    return Array.from({ length: Math.ceil(count / SLOTS) }, (_, w) => ({
      from: w * SLOTS,
      to: Math.min(count, (w + 1) * SLOTS),
    }))
  }
  /** Add what the copies have accumulated, in one order. */
  const gather = async () => {
    const graded = others.flatMap((other, k) => (withGradients.has(other) ? [{ other, place: k + 1 }] : []))
    withGradients.clear()
    if (graded.length === 0) return
    const stretches = own.stretches()
    for (const { from, to } of windows()) {
      await Promise.all(graded.map(({ other }) => other.call('takeGradient', from, to)))
      for (let i = from; i < to; i++)
        for (const { place } of graded) stretches.addGradient(i, exchange.read(place, i - from, stretches.size(i)))
    }
  }
  const refreshAll = async () => {
    const { scaling } = own.state()
    await askAll((other) => other.call('refresh', scaling))
  }
  const spread = async () => {
    const stretches = own.stretches()
    for (const { from, to } of windows()) {
      for (let i = from; i < to; i++) exchange.write(0, i - from, stretches.values(i))
      await askAll((other) => other.call('setValues', from, to))
    }
    await refreshAll()
  }
  const trainable: Trainable = {
    config: own.config,
    lengths: own.lengths,
    devices: others.length + 1,
    trainable: own.trainable,
    source: own.source,
    unsound: own.unsound,
    state: own.state,
    save: own.save,
    free: own.free,
    async update(options) {
      await gather()
      const updated = own.update(options)
      if (updated.scaling?.skipped) await refreshAll()
      else if (Number.isFinite(updated.gradNorm)) await spread()
      return updated
    },
    async unsoundGradient() {
      await gather()
      return own.unsoundGradient()
    },
    clearGradients() {
      own.clearGradients()
      withGradients.clear()
      // In the order of what is asked: nothing reads them before.
      void askAll((other) => other.call('clearGradients')).catch(() => {})
    },
    async pullReference(share) {
      own.pullReference(share)
      await askAll((other) => other.call('pullReference', share))
    },
    async restore(state) {
      own.restore(state)
      for (const { name, value } of state.reference ?? [])
        await askAll((other) => other.call('setReference', name, value))
      await spread()
    },
  }
  return { trainable, graded: (other) => void withGradients.add(other) }
}
