// The models that are served, by name: found for requests, and swapped while others still answer.
import { Refusal } from './refusal.ts'
import type { Served } from './served.ts'

export interface Models {
  all(): readonly Served[]
  /** The model of that name, the first where none is named. @throws Refusal */
  find(name: string | null | undefined): Served
  /** Serves it from now on, in place of what had its name. @throws Refusal for the name of the first. */
  put(served: Served): void
  /** @throws Refusal where there is none, and for the first. */
  remove(name: string): void
  /** It is kept until it is given back, whatever happens to its name. */
  hold(served: Served): () => void
}

/** What is taken away closes when nobody holds it any more. */
export function modelsOf(first: Served, others: readonly Served[]): Models {
  const served = [first, ...others]
  const held = new Map<Served, number>()
  const retired = new Set<Served>()
  const settle = (model: Served) => {
    if (retired.has(model) && !held.get(model)) model.close()
  }
  const retire = (model: Served | undefined) => {
    if (model === first) throw new Refusal(400, `The model '${first.name}' itself stays`, { param: 'lora_name' })
    if (!model) return
    served.splice(served.indexOf(model), 1)
    retired.add(model)
    settle(model)
  }
  const named = (name: string) => served.find((model) => model.name === name || model.aliases.includes(name))
  const find: Models['find'] = (name) => {
    const found = name == null ? first : named(name)
    if (found) return found
    throw new Refusal(404, `There is no model '${name}'; there are: ${served.map(({ name }) => name).join(', ')}`, {
      param: 'model',
      code: 'model_not_found',
    })
  }
  return {
    all: () => served,
    find,
    put(model) {
      retire(named(model.name))
      served.push(model)
    },
    remove: (name) => retire(find(name)),
    hold(model) {
      held.set(model, (held.get(model) ?? 0) + 1)
      return () => {
        held.set(model, held.get(model)! - 1)
        settle(model)
      }
    },
  }
}
