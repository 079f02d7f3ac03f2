// The generation service of a policy: sessions whose slots are written pass by pass, together with all others that run.
import type { Engine } from './engine.ts'
import { standardBudget } from './lanes.ts'
import { writer } from './write.ts'
import { schedule } from './schedule.ts'
import type { Session, SessionOptions } from './session.ts'
import { slotOf } from './slot.ts'
import { seatsOn, type Seats } from './seats.ts'
import { openTrace } from './trace.ts'

/** Opens sessions over a model. They end before it is freed. */
export function sessionsOver(engine: Engine): { open(options?: SessionOptions): Session; free(): void } {
  const seats = seatsOn(engine)
  return { open: (options = {}) => openSession(engine, seats, options), free: () => seats?.free() }
}

function openSession(
  engine: Engine,
  seats: Seats | undefined,
  { budget = standardBudget(engine), remember = true, drafts = 'auto', traced }: SessionOptions,
): Session {
  // A graph of a whole step keeps nothing for training.
  const trace = traced === undefined || seats ? undefined : openTrace(engine, traced)
  const { pass, work: done } = writer(engine, { drafts: drafts === 'auto', trace, seats })
  const plan = schedule(engine, budget, remember, seats)
  let working = false
  let inPass = false
  let closed = false
  async function work(): Promise<void> {
    for (;;) {
      // What is asked for in one go starts together, and whoever waits for a token gets his turn.
      await new Promise((resolve) => setImmediate(resolve))
      if (closed) return plan.free()
      try {
        inPass = true
        const units = plan.arrange()
        if (units.length === 0) break
        pass(units, plan.crowd)
      } catch (cause) {
        for (const turn of plan.turns()) turn.fail(cause)
        plan.free()
      } finally {
        inPass = false
      }
    }
    working = false
  }
  return {
    budget,
    work: done,
    submit: (request) =>
      slotOf(request, (turn) => {
        if (turn.sampling.maxNewTokens <= 0)
          return turn.end({ ids: [], logprobs: new Float32Array(), finish: 'length' })
        plan.add(turn)
        if (!working) void work()
        working = true
      }),
    close() {
      closed = true
      for (const turn of plan.turns()) turn.fail(new Error('the session was closed'))
      if (!inPass) plan.free()
    },
  }
}
