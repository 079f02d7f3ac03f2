// From a name to Markdown: a page, a reference page, or the entries of that name in all of them.
import { unknownName } from '../error.ts'
import { plain } from '../shell/schema.ts'
import { markdownTable } from '../shell/table.ts'
import type { Entry, Listed, Manual } from './page.ts'
import { pages } from './pages.ts'
import { references } from './references.ts'

/** The Markdown of a topic. @throws HoneError with the nearest name where there is none. */
export function find(name: string, { commands, listed }: Manual): string {
  const page = pages.find((each) => each.name === name)
  if (page) return page.markdown
  const reference = listed.find((each) => each.name === name)
  if (reference) return referencePage(reference)
  const known = listed.flatMap(({ kind, entries }) => entries.map((entry) => ({ kind, entry })))
  const wanted = plain(name)
  const found = known.filter(({ entry }) => namesOf(entry).some((each) => plain(each) === wanted))
  if (found.length > 0) return found.map(({ kind, entry }) => entryPage(kind, entry)).join('\n')
  const names = [...topics(), ...commands.map(([each]) => each), ...known.flatMap(({ entry }) => namesOf(entry))]
  throw unknownName('topic', name, names, { hint: 'hone help lists the topics' })
}

/** Names of pages and reference pages. */
export const topics = (): string[] => [...pages, ...references].map(({ name }) => name)

const namesOf = ({ name, aliases = [] }: Entry): string[] => [name, ...aliases]

/** Every entry as a row of a table, under its section. */
export function referencePage({ name, what, kind, before, entries }: Listed): string {
  const sections = Map.groupBy(entries, ({ section = '' }) => section)
  const tables = [...sections].map(([section, rows]) =>
    [
      ...(section === '' ? [] : [`## ${section}`, '']),
      ...markdownTable(
        [kind, 'what it is'],
        rows.map((entry) => [`\`${entry.name}\``, entry.what]),
      ),
    ].join('\n'),
  )
  const detailed = entries.some(({ more }) => more !== undefined)
  const more = detailed ? [`\`hone help NAME\` says more of each ${kind}.`] : []
  return [`# ${titled(name)}`, `${what}.`, ...(before ? [before] : []), ...tables, ...more].join('\n\n') + '\n'
}

function entryPage(kind: string, { name, section, what, more }: Entry): string {
  const where = section === undefined ? kind : `${kind}: ${section}`
  return [`# ${name} (${where})`, what, ...(more ? [more] : [])].join('\n\n') + '\n'
}

/** The title of a page. */
export const titleOf = (markdown: string): string => /^# (.*)/.exec(markdown)?.[1] ?? ''

/** The title of a page of the reference. */
export const titled = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')
