// The manual as a folder of pages that need nothing else: no script, no network, no server.
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../error.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import { contents } from './contents.ts'
import { referencePage, titled, titleOf } from './find.ts'
import type { Entry, Listed, Manual } from './page.ts'
import { pages } from './pages.ts'
import { references } from './references.ts'
import style from './site.css' with { type: 'text' }

/** Writes the site; the number of pages. @throws HoneError for a folder that holds something. */
export function writeSite(folder: string, { listed }: Manual): number {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new HoneError('Cannot write the manual: the folder is not empty', {
      at: folder,
      hint: 'choose a folder that is new',
    })
  mkdirSync(folder, { recursive: true })
  const places = placesOf(listed)
  const all = [
    { name: 'index', markdown: contents(), entries: [] },
    ...pages.map(({ name, markdown }) => ({ name, markdown, entries: [] })),
    ...listed.map((each) => ({
      name: each.name,
      markdown: referencePage(each),
      entries: each.entries.filter(({ more }) => more !== undefined),
    })),
  ]
  for (const { name, markdown, entries } of all) {
    const html = [
      body(markdown, places, !pages.some((each) => each.name === name)),
      ...entries.map((entry) => entryInFull(entry, places)),
    ].join('\n')
    writeFileAtomic(join(folder, `${name}.html`), page(name, titleOf(markdown), html))
  }
  return all.length
}

/** Name of a topic, a command or an entry → where it stands. */
function placesOf(listed: readonly Listed[]): ReadonlyMap<string, string> {
  const entries = listed.flatMap((reference) =>
    reference.entries.flatMap((entry): [string, string][] =>
      [entry.name.replace(/^hone /, ''), ...(entry.aliases ?? [])].map((name) => [
        name,
        `${reference.name}.html${entry.more === undefined ? '' : `#${idOf(entry)}`}`,
      ]),
    ),
  )
  return new Map([...entries, ...[...pages, ...references].map(({ name }): [string, string] => [name, `${name}.html`])])
}

const idOf = ({ name, section = '' }: Entry): string =>
  `${section} ${name}`
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')

const entryInFull = (entry: Entry, places: ReadonlyMap<string, string>): string =>
  `<section id="${idOf(entry)}">\n${body(`### ${entry.name}\n\n${entry.what}\n\n${entry.more}`, places)}\n</section>`

function page(name: string, title: string, html: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · hone</title>
<style>
${style}</style>
</head>
<body>
<a class="skip" href="#contents">Contents</a>
<main>
${html}
</main>
<nav id="contents">
${navigation(name)}
</nav>
</body>
</html>
`
}

function navigation(current: string): string {
  const guides = pages.map(({ name, group, markdown }) => ({ name, group, title: titleOf(markdown) }))
  const tables = references.map(({ name }) => ({ name, group: 'Reference', title: titled(name) }))
  const groups = Map.groupBy([...guides, ...tables], ({ group }) => group)
  const link = (name: string, text: string) =>
    `<li><a href="${name}.html"${name === current ? ' aria-current="page"' : ''}>${text}</a></li>`
  return [
    `<ul>${link('index', 'Contents')}</ul>`,
    ...[...groups].map(
      ([group, some]) => `<h2>${group}</h2><ul>${some.map(({ name, title }) => link(name, title)).join('')}</ul>`,
    ),
  ].join('\n')
}

/** Markdown as HTML; `hone help NAME` leads to where that stands, and so does a name in the tables of a list. */
function body(markdown: string, places: ReadonlyMap<string, string>, listed = false): string {
  const named = listed
    ? /(?<=<td>)<code>(?:hone )?([^<\s]+)<\/code>|<code>hone help ([^<\s]+)<\/code>/g
    : /<code>hone help ([^<\s]+)<\/code>/g
  return Bun.markdown
    .html(markdown, { headings: { ids: true }, autolinks: true, noHtmlBlocks: true, noHtmlSpans: true })
    .replaceAll(/<table>[^]*?<\/table>/g, '<div class="wide">$&</div>')
    .replaceAll(named, (code: string, name: string, other: string | number) => {
      const place = places.get(name ?? other)
      return place === undefined ? code : `<a href="${place}">${code}</a>`
    })
}
