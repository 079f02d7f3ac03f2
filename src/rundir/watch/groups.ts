// Groups of a step: all of them in short, and one as a card with everything that a reader asks of it.
import type { Lens } from './lens.ts'
import { perFile } from './per-file.ts'
import { type Line, lineAt, pathOf, type Place, shortLinesOf } from './rollouts.ts'
import type { Card, Completion, Group, Mark, Spoken } from './view.ts'

/** Letters of a question in a list. */
const SHORT = 200

/** Groups of a step, in order; empty where none are kept. */
export function groupsOf(place: Place): Group[] {
  return groupsIn[place.folder](pathOf(place)) ?? []
}

/** Held-out rows are answered once. */
const groupsIn = {
  rollouts: perFile((path) =>
    grouped(shortLinesOf(path), ({ sample, id }, last) => (sample ?? Number(last?.id === id)) === 0),
  ),
  evals: perFile((path) => grouped(shortLinesOf(path), () => true)),
}

function grouped(lines: readonly Line[], begins: (line: Line, last: Line | undefined) => boolean): Group[] {
  const groups: Line[][] = []
  lines.forEach((line, index) => {
    if (begins(line, lines[index - 1]) || groups.length === 0) groups.push([])
    groups.at(-1)!.push(line)
  })
  let index = 0
  return groups.map((group) => groupOf(group, (index += group.length) - group.length))
}

function groupOf(lines: readonly Line[], first: number): Group {
  const { id, set, messages = [] } = lines[0]!
  const marks = lines.map((line, i) => markOf(line, first + i))
  const mean = marks.reduce((sum, { reward }) => sum + reward, 0) / marks.length
  const variance = marks.reduce((sum, { reward }) => sum + (reward - mean) ** 2, 0) / marks.length
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  return {
    id,
    ...(set !== undefined && { set }),
    question: asked.replace(/\s+/g, ' ').trim().slice(0, SHORT),
    mean,
    deviation: Math.sqrt(variance),
    marks,
  }
}

/** Why a completion ended that was not let end by itself. */
const CUT = ['max_tokens', 'context_overflow']

function markOf(line: Line, index: number): Mark {
  const { advantage, score, reward = score, exact = score >= 1, fault, stop, trained, output_ids: ids } = line
  return {
    index,
    reward,
    advantage,
    right: exact,
    truncated: CUT.includes(stop),
    fault: fault !== null,
    tokens: trained.length === 0 ? ids.length : trained.reduce((sum, each) => sum + each, 0),
  }
}

/** A group in full: the completions at `marks`. */
export function cardOf(place: Place, marks: readonly Pick<Mark, 'index'>[], lens: Lens): Card {
  return cardWith(
    marks.flatMap(({ index }) => {
      const line = lineAt(place, index)
      return line ? [{ line, index }] : []
    }),
    lens,
  )
}

export function cardWith(lines: readonly { line: Line; index: number }[], lens: Lens): Card {
  const first = lines[0]?.line
  return {
    messages: first?.messages ?? [],
    tools: first?.tools ?? [],
    expected: (Array.isArray(first?.gts) ? first.gts : []).map(spelt),
    completions: lines.map(({ line, index }) => completionOf(line, index, lens)),
  }
}

function completionOf(line: Line, index: number, { spell, differences }: Lens): Completion {
  const { output, score, parts, reasons, fault, stop, turns, output_ids: ids, gts } = line
  const several = turns.length > 1 && spell
  const words = several ? spell(ids) : []
  const spoken: Spoken[] = several
    ? turns.map(({ role, from, to, reward }) => ({
        role,
        from,
        to,
        text: words.slice(from, to).join(''),
        ...(reward !== undefined && { reward }),
      }))
    : [{ role: 'assistant', text: output }]
  return { index, turns: spoken, score, parts, reasons, fault, stop, differences: differences?.(output, gts) }
}

function spelt(call: unknown): string {
  const { name, arguments: given } = (call ?? {}) as { name?: unknown; arguments?: unknown }
  return typeof name === 'string' ? `${name}(${JSON.stringify(given ?? {})})` : JSON.stringify(call)
}
