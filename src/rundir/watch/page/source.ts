// Completions on demand: from the server of a live page, or out of the page itself.
import { CHUNK, type Card, type Detail, type Folder, type Group } from '../view.ts'
import { view } from './state.ts'

/** A step of a run. */
export interface Where {
  run: number
  folder: Folder
  step: number
}

const nameOf = ({ run, folder, step }: Where): string => `${run}/${folder}/${step}`

export async function groupsAt(where: Where): Promise<Group[]> {
  return (await ask<Group[]>(`groups/${nameOf(where)}`)) ?? []
}

/** The `place`th group of a step. */
export async function cardAt(where: Where, group: Group, place: number): Promise<Card | undefined> {
  if (!view.live) return (await ask<Card[]>(`cards/${nameOf(where)}`))?.[place]
  return await ask<Card>(`cards/${nameOf(where)}/${group.marks[0]!.index}/${group.marks.length}`)
}

/** A completion token by token; undefined where no tokenizer was at hand. */
export async function tokensAt(where: Where, index: number): Promise<Detail | undefined> {
  if (!view.live) {
    const chunk = await ask<Detail[]>(`tokens/${nameOf(where)}/${Math.floor(index / CHUNK)}`)
    return chunk?.[index % CHUNK]
  }

  return await ask<Detail>(`tokens/${nameOf(where)}/${index}`)
}

/** The last answers: a reader goes back and forth. */
const known = new Map<string, Promise<unknown>>()
const KNOWN = 64

function ask<T>(path: string): Promise<T | undefined> {
  const before = known.get(path) as Promise<T | undefined> | undefined
  if (before) return before
  const answer = view.live ? fetched<T>(path) : unpacked<T>(path)
  known.set(path, answer)
  if (known.size > KNOWN) known.delete(known.keys().next().value!)
  return answer
}

async function fetched<T>(path: string): Promise<T | undefined> {
  const answer = await fetch(path)
  return answer.ok ? ((await answer.json()) as T) : undefined
}

async function unpacked<T>(path: string): Promise<T | undefined> {
  const text = document.querySelector(`script[data-name="${path}"]`)?.textContent
  if (text === undefined || text === null) return undefined
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return (await new Response(stream).json()) as T
}
