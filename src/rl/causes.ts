// What the rollouts of a step without a signal have in common, and what helps: said to a person, in the order in which it misleads.
import type { CallFormat } from '../dialogue/call/format.ts'
import type { Judged, Scored } from './record.ts'
import { isTruncated } from './trained.ts'

/** A group of completions of one prompt, as it was judged. */
type Group = Judged

type Reader = Pick<CallFormat, 'parse'>

interface Cause {
  /** What most of the completions have in common; undefined where they have not. */
  find(groups: readonly Group[], all: readonly Scored[], reader: Reader | undefined): string | undefined
  hint: string
}

const causes: readonly Cause[] = [
  {
    find: (_, all) => most(all, isTruncated, (count) => `${count} completions were cut at --max-completion-length`),
    hint: 'raise --max-completion-length, or fine-tune first (hone sft) on answers that end',
  },
  {
    find(_, all) {
      const [fault, faults] = commonest(all.flatMap(({ verdict }) => verdict.fault ?? []))
      return 2 * faults > all.length ? `the reward failed on ${faults} of ${all.length}: ${fault}` : undefined
    },
    hint: 'hone score runs the reward on rows and says why it fails',
  },
  {
    find: (_, all) =>
      most(
        all,
        ({ text, verdict }) => !text.includes('</think>') && verdict.reasons.some((reason) => reason.includes('think')),
        (count) => `${count} completions have no <think> and </think>`,
      ),
    hint: 'fine-tune first (hone sft) on answers with a thought, or give a reward that asks for none',
  },
  {
    find(groups, _, reader) {
      if (!reader) return undefined
      const calling = groups.filter(({ prompt }) => prompt.row.answer.length > 0)
      return most(
        calling.flatMap(({ completions }) => completions),
        ({ text }) => reader.parse(text).calls.length === 0,
        (count) => `no call can be read in ${count} completions`,
      )
    },
    hint: 'fine-tune first (hone sft) on right answers, or give the prompt form that the model was trained with',
  },
  {
    find(groups) {
      const alike = groups.filter((each) => new Set(each.completions.map(({ text }) => text)).size === 1)
      return 2 * alike.length > groups.length
        ? `in ${alike.length} of ${groups.length} groups every completion is the same text`
        : undefined
    },
    hint: 'raise --temperature',
  },
  {
    find: (_, all) =>
      most(
        all,
        ({ reward }) => reward >= 1,
        (count) => `${count} completions earn 1 or more already`,
      ),
    hint: 'hone difficulty keeps the rows that the model does not always get right',
  },
  {
    find(_, all) {
      const [reason, reasons] = commonest(all.flatMap(({ verdict }) => verdict.reasons.slice(0, 1)))
      return 2 * reasons > all.length ? `the reward says of ${reasons} of ${all.length}: ${reason}` : undefined
    },
    hint: 'fine-tune first (hone sft) on right answers, or keep the rows that the model sometimes gets right (hone difficulty)',
  },
]

/** What most of the completions have in common, and what to do about the first of it. `reader` reads their calls, where they hold any. */
export function causesOf(groups: readonly Group[], reader?: Reader): { found: string[]; hint: string } {
  const all = groups.flatMap(({ completions }) => completions)
  const found = causes.flatMap(({ find, hint }) => {
    const said = find(groups, all, reader)
    return said === undefined ? [] : [{ said, hint }]
  })
  return { found: found.map(({ said }) => said), hint: (found[0] ?? causes.at(-1)!).hint }
}

/** Says of how many something holds, `8 of 8`, where it holds for most of them. */
function most<Each>(
  all: readonly Each[],
  holds: (each: Each) => boolean,
  say: (count: string) => string,
): string | undefined {
  const count = all.filter(holds).length
  return count > 0 && 2 * count > all.length ? say(`${count} of ${all.length}`) : undefined
}

function commonest(texts: readonly string[]): [text: string, count: number] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0] as [string, number])
}
