// The table of pages written by hand, and the one door through which they come: a page is a file of topics/ and a line here.
import type { Page } from './page.ts'
import exitCodes from './topics/exit-codes.md' with { type: 'text' }
import rows from './topics/rows.md' with { type: 'text' }

/** Group → name → Markdown, in the order of the list of contents. */
const groups: Record<string, Record<string, string>> = {
  Data: { rows },
  'Command line': { 'exit-codes': exitCodes },
}

export const pages: readonly Page[] = Object.entries(groups).flatMap(([group, texts]) =>
  Object.entries(texts).map(([name, markdown]) => ({ name, group, what: summary(markdown), markdown })),
)

/** The first sentence below the title. */
function summary(markdown: string): string {
  const paragraph = markdown.split('\n\n')[1] ?? ''
  return /^.*?(?=[.:](?:\s|$))/s.exec(paragraph)?.[0].replace(/\s+/g, ' ') ?? ''
}
