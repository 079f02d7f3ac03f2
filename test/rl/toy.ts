// A policy small enough to reason about: a table of logits from the last token to the next, trained with AdamW.
import { portions } from '../../src/gpu/device/portions.ts'
import type { CallFormat } from '../../src/dialogue/call/format.ts'
import type { Sampling } from '../../src/gpu/policy/law.ts'
import type { Forward, ForwardOptions, Group, PerToken, Policy, PolicyState } from '../../src/gpu/policy/policy.ts'
import type { Completion, Session } from '../../src/gpu/policy/session.ts'
import { slotOf, type Turn } from '../../src/gpu/policy/slot.ts'
import type { Judge, Prompt } from '../../src/rl/record.ts'
import { uniform } from '../../src/rng.ts'

export interface Toy extends Policy {
  table: Float32Array
  /** Gradients accumulated so far, for tests to look at. */
  gradient: Float64Array
  /** Called before each completion, so that tests can stop a run anywhere. */
  onGenerate?: () => void
}

/** Sessions whose turns are written one after the other. */
export function oneByOne(write: (turn: Turn) => void | Promise<void>, budget = 1000): () => Session {
  return () => {
    let last: Promise<void> = Promise.resolve()
    const turns: Turn[] = []
    const begin = (turn: Turn) => {
      turns.push(turn)
      last = last.then(async () => {
        if (turn.over) return
        try {
          await write(turn)
        } catch (cause) {
          turn.fail(cause)
        }
      })
    }
    return {
      budget,
      work: () => ({ passes: 0, read: 0, written: 0, whole: 0, guessed: 0, accepted: 0, wasted: 0 }),
      submit: (request) => slotOf(request, begin),
      close: () => turns.forEach((turn) => turn.fail(new Error('the session was closed'))),
    }
  }
}

/** Logits of the next of V tokens are row `previous` of a V × V table. */
export function toyPolicy(V: number, initial: (from: number, to: number) => number = () => 0): Toy {
  const table = Float32Array.from({ length: V * V }, (_, i) => initial(Math.floor(i / V), i % V))
  const frozen = table.slice()
  const moment1 = new Float32Array(V * V)
  const moment2 = new Float32Array(V * V)
  const gradient = new Float64Array(V * V)
  let updates = 0

  const distribution = (weights: Float32Array, from: number, temperature: number) => {
    const logits = Array.from(weights.subarray(from * V, (from + 1) * V), (value) => value / temperature)
    const top = Math.max(...logits)
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0)
    return logits.map((logit) => logit - top - Math.log(total))
  }
  const forward = (
    groups: readonly Group[],
    { temperature, reference, entropy, likelier }: ForwardOptions,
  ): Forward => {
    const weights = reference ? frozen : table
    const each = (value: (logs: number[], id: number) => number): PerToken =>
      groups.map(({ prompt, completions }) =>
        completions.map((ids) =>
          Float32Array.from(ids, (id, t) =>
            value(distribution(weights, t === 0 ? prompt.at(-1)! : ids[t - 1]!, temperature), id),
          ),
        ),
      )
    const logprobs = each((logs, id) => logs[id]!)
    const others = (logs: number[], id: number) =>
      logs.reduce((sum, log) => sum + (log > logs[id]! ? 1 : log === logs[id] ? 0.5 : 0), 0)
    return {
      logprobs,
      ...(entropy && { entropies: each((logs) => -logs.reduce((sum, log) => sum + log * Math.exp(log), 0)) }),
      ...(likelier && { likelier: each(others) }),
    }
  }
  const sample = (prompt: readonly number[], key: readonly number[], options: Sampling): Completion => {
    const ids: number[] = []
    const logprobs: number[] = []
    for (let previous = prompt.at(-1)!; ; previous = ids.at(-1)!) {
      const logs = distribution(table, previous, options.temperature || 1)
      let left = uniform(...key, ids.length)
      let id = logs.findIndex((log) => (left -= Math.exp(log)) < 0)
      if (options.temperature === 0) id = logs.indexOf(Math.max(...logs))
      if (id < 0) id = V - 1
      ids.push(id)
      logprobs.push(logs[id]!)
      const finish = options.eosIds.includes(id) ? 'eos' : ids.length === options.maxNewTokens ? 'length' : undefined
      if (finish) return { ids, logprobs: Float32Array.from(logprobs), finish }
    }
  }
  const toy: Omit<Toy, 'source'> = {
    lengths: portions.cpu.lengths,
    config: {
      family: 'llama',
      hidden: 1,
      layers: 1,
      heads: 1,
      kvHeads: 1,
      headDim: 2,
      intermediate: 1,
      vocabulary: V,
      head: 'language',
      tied: true,
      scoreBias: false,
      rmsNormEps: 1e-6,
      qkvBias: false,
      qkNorm: false,
      rope: { theta: 1e4 } as Policy['config']['rope'],
      sliding: undefined,
      maxPositions: 64,
    },
    trainable: V * V,
    table,
    gradient,
    open: oneByOne((turn) => {
      toy.onGenerate?.()
      turn.end(sample(turn.ids, turn.key, turn.sampling))
    }),
    forward,
    accumulate(groups, options, gradientOf) {
      const { logprobs, entropies } = gradientOf(forward(groups, options))
      groups.forEach(({ prompt, completions }, g) =>
        completions.forEach((ids, i) =>
          ids.forEach((id, t) => {
            const from = t === 0 ? prompt.at(-1)! : ids[t - 1]!
            const logs = distribution(table, from, options.temperature)
            const entropy = -logs.reduce((sum, log) => sum + log * Math.exp(log), 0)
            logs.forEach((log, to) => {
              const p = Math.exp(log)
              const byLogprob = logprobs[g]![i]![t]! * (Number(to === id) - p)
              const byEntropy = (entropies?.[g]![i]![t] ?? 0) * -p * (log + entropy)
              gradient[from * V + to]! += (byLogprob + byEntropy) / options.temperature
            })
          }),
        ),
      )
    },
    update({ learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm }) {
      const gradNorm = Math.hypot(...gradient)
      if (!Number.isFinite(gradNorm)) return { gradNorm }
      const scale = Math.min(1, maxGradNorm / (gradNorm + 1e-6))
      updates++
      for (let i = 0; i < V * V; i++) {
        const g = gradient[i]! * scale
        moment1[i] = beta1 * moment1[i]! + (1 - beta1) * g
        moment2[i] = beta2 * moment2[i]! + (1 - beta2) * g * g
        const step = moment1[i]! / (1 - beta1 ** updates) / (Math.sqrt(moment2[i]! / (1 - beta2 ** updates)) + epsilon)
        table[i] = table[i]! * (1 - learningRate * weightDecay) - learningRate * step
      }
      gradient.fill(0)
      return { gradNorm }
    },
    pullReference(share) {
      for (let i = 0; i < V * V; i++) frozen[i]! += share * (table[i]! - frozen[i]!)
    },
    unsoundGradient: () => (gradient.every(Number.isFinite) ? undefined : 'table'),
    unsound: () => (table.every(Number.isFinite) ? undefined : 'table'),
    clearGradients: () => void gradient.fill(0),
    state: () => ({
      updates,
      tensors: [
        { name: 'table', shape: [V, V], value: table.slice(), moment1: moment1.slice(), moment2: moment2.slice() },
      ],
      reference: [{ name: 'table', shape: [V, V], value: frozen.slice() }],
    }),
    restore(state: PolicyState) {
      const [tensor] = state.tensors
      updates = state.updates
      frozen.set(state.reference![0]!.value)
      table.set(tensor!.value)
      moment1.set(tensor!.moment1)
      moment2.set(tensor!.moment2)
    },
    save: async () => {},
    free() {},
  }
  // Not seen by a spread: tests make toys of toys.
  return Object.defineProperty(toy, 'source', {
    get() {
      throw new Error('the toy has no folder')
    },
  }) as Toy
}

/** Prompts of one token each; which one is the whole of the prompt. */
export function toyPrompts(count: number, V: number): Prompt[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    ids: [index % V],
    row: {
      id: `row ${index}`,
      source: 'toy',
      messages: [],
      tools: [],
      answer: [call(((index % V) + 1) % V)],
      meta: {},
    },
    json: {},
  }))
}

const call = (id: number) => ({ name: String(id), arguments: {} })

/** Reads the first token of a toy completion as a call of that name. */
export const firstTokenReader: Pick<CallFormat, 'parse'> = {
  parse: (text) => ({ think: null, calls: [call(Number(text.split(' ')[0]))], rest: '', fault: null }),
}

/** 1 for a completion whose first token is the one after the prompt's, as its text spells it. */
export const successorJudge =
  (V: number): Judge =>
  async (groups) =>
    groups.map(({ prompt, completions }) =>
      completions.map(({ ids }) => {
        const score = Number(ids[0] === (prompt.ids[0]! + 1) % V)
        return { text: ids.join(' '), verdict: { score, parts: { calls: score }, fault: null, reasons: [] } }
      }),
    )
